//! POST logins.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{signed_in, verification_required};
use super::carriage::Carriage;
use super::form::read;
use super::handle;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::api::{State, cookies};
use crate::auth::{LoginAttempt, LoginOutcome, Password, SessionKind};
use crate::limits::Limit;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LoginRequest)]
pub(super) struct Body {
    /// Address of the account.
    email: String,
    /// As it was typed.
    password: String,
    /// Of a remembered device, which spares the second step; browsers have it in a cookie.
    device_token: Option<String>,
    /// Asks for the second step even on a remembered device.
    require_second_step: Option<bool>,
}

pub(super) async fn log_in(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, attempt).await
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let carriage = Carriage::of(&call)?;
    let body: Body = read(call.members(payload).await?)?;
    call.count(Limit::Login).await?;

    let attempt = LoginAttempt {
        email: body.email,
        password: Password::new(&body.password),
        client_uri: None,
        client: call.client.clone(),
        known_browser: cookies::known_browser(call.request()),
        devices: cookies::devices(call.request(), body.device_token),
        require_second_step: body.require_second_step.unwrap_or_default(),
        session: SessionKind::Refreshable,
    };
    match call.state.auth.login(attempt).await? {
        LoginOutcome::SignedIn(sign_in) => signed_in(&call, &carriage, *sign_in),
        LoginOutcome::VerificationRequired(challenge) => Ok(verification_required(*challenge)),
    }
}
