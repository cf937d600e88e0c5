//! POST password/forgot and password/reset.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Empty;
use super::form::read;
use super::handle;
use super::registrations::Address;
use crate::api::State;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::auth::{Password, ResetRequest};
use crate::limits::Limit;

/// A new password, and what a mailed link says.
#[derive(Deserialize, ToSchema)]
#[schema(as = PasswordResetRequest)]
pub(super) struct Reset {
    /// Of the mailed link.
    token: String,
    /// The new one: at least `password_min_length` bytes, at most 128, and no common one.
    password: String,
}

pub(super) async fn forgot(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, begin).await
}

pub(super) async fn reset(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, set).await
}

async fn begin(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let Address { email } = read(call.members(payload).await?)?;
    call.count(Limit::Mail).await?;

    call.state.auth.forgot_password(&email, None).await?;
    Ok(HttpResponse::Accepted().json(Empty {}))
}

async fn set(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let Reset { token, password } = read(call.members(payload).await?)?;
    // As at the article's face: a guess at a token and a hash cost what a verification costs.
    call.count(Limit::Verify).await?;

    let request = ResetRequest { email: None, token, password: Password::new(&password), confirmation: None };
    call.state.auth.reset_password(request, &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}
