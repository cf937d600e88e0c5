//! POST tokens/refresh and logout.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::TokensBody;
use super::carriage::{Carriage, browser_to_log_out, kept, wants_cookie};
use super::form::read;
use super::handle;
use crate::api::State;
use crate::api::body::Members;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::auth::RefreshError;
use crate::limits::Limit;

/// The token of a session.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefreshTokenRequest)]
pub(super) struct Shown {
    /// It must be there, unless a cookie has it.
    refresh_token: Option<String>,
}

/// [`Shown`], where no cookie has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Needed {
    refresh_token: String,
}

pub(super) async fn refresh(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, go_on).await
}

pub(super) async fn log_out(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, end).await
}

async fn go_on(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let carriage = Carriage::of(&call)?;
    let token = match &carriage {
        Carriage::Body => {
            let Needed { refresh_token } = read(call.members(payload).await?)?;
            call.count(Limit::Verify).await?;
            refresh_token
        }
        Carriage::Cookie(session) => {
            call.optional_members(payload).await?;
            call.count(Limit::Verify).await?;
            kept(session)?.ok_or(Problem::InvalidRefreshToken)?
        }
    };
    match call.state.auth.refresh(&token, &call.client).await {
        Ok(refreshed) => {
            let tokens =
                TokensBody::mint(&call.state.tokens, &refreshed.grant, refreshed.refresh, &carriage)?;
            Ok(HttpResponse::Ok().json(tokens))
        }
        Err(error) => {
            if let (RefreshError::Invalid, Carriage::Cookie(session)) = (&error, &carriage) {
                session.purge();
            }
            Err(error.into())
        }
    }
}

async fn end(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let by_cookie = wants_cookie(call.request().query_string())?;
    let Shown { refresh_token: shown } = read(call.optional_members(payload).await?)?;
    let (session, kept) = match &shown {
        Some(_) => (None, None),
        None => browser_to_log_out(&call).map(|(session, kept)| (Some(session), kept))?,
    };
    let token = match shown.or(kept) {
        Some(token) => token,
        // A browser whose session was over is logged out.
        None if by_cookie => return Ok(HttpResponse::NoContent().finish()),
        // To be told what is missing.
        None => read::<Needed>(Members::new())?.refresh_token,
    };
    call.count(Limit::Verify).await?;
    call.state.auth.logout(&token, &call.client).await?;
    if let Some(session) = session {
        session.purge();
    }
    Ok(HttpResponse::NoContent().finish())
}
