//! POST tokens/refresh and logout.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::TokensBody;
use super::carriage::{Carriage, browser_to_log_out, kept, wants_cookie};
use super::form::Form;
use super::handle;
use crate::api::State;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::auth::RefreshError;
use crate::limits::Limit;

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
            let mut form = Form::new(call.members(payload).await?);
            let token = form.text("refreshToken");
            form.check()?;
            call.count(Limit::Verify).await?;
            token
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
    let mut form = Form::new(call.optional_members(payload).await?);
    let shown = form.optional_text("refreshToken");
    form.check()?;
    let (session, kept) = match &shown {
        Some(_) => (None, None),
        None => browser_to_log_out(&call).map(|(session, kept)| (Some(session), kept))?,
    };
    let token = match shown.or(kept) {
        Some(token) => token,
        // A browser whose session was over is logged out.
        None if by_cookie => return Ok(HttpResponse::NoContent().finish()),
        None => form.text("refreshToken"),
    };
    form.check()?;
    call.count(Limit::Verify).await?;
    call.state.auth.logout(&token, &call.client).await?;
    if let Some(session) = session {
        session.purge();
    }
    Ok(HttpResponse::NoContent().finish())
}
