//! POST registrations, email-confirmations and email-confirmations/resend.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Empty;
use super::form::read;
use super::handle;
use crate::api::State;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::auth::{Password, Registration};
use crate::limits::Limit;

/// Who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RegistrationRequest)]
pub(super) struct Body {
    /// Address of the new account; a link is mailed to it.
    email: String,
    /// At least `password_min_length` bytes, at most 128, and no common one.
    password: String,
    /// At most 100 characters.
    first_name: Option<String>,
    /// At most 100 characters.
    last_name: Option<String>,
    /// E.164; it counts once a texted code has confirmed it.
    phone_number: Option<String>,
    /// A language tag (BCP 47), for mails; without it `Accept-Language` tells.
    locale: Option<String>,
}

/// What a mailed link says.
#[derive(Deserialize, ToSchema)]
#[schema(as = EmailConfirmationRequest)]
pub(super) struct Link {
    /// Of the mailed link.
    token: String,
}

/// A mail address.
#[derive(Deserialize, ToSchema)]
#[schema(as = EmailRequest)]
pub(in crate::api::v1) struct Address {
    /// The address.
    pub(super) email: String,
}

pub(super) async fn register(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, attempt).await
}

pub(super) async fn confirm(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, open_link).await
}

pub(super) async fn resend(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, mail_again).await
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let body: Body = read(call.members(payload).await?)?;
    let registration = Registration {
        email: body.email,
        password: Password::new(&body.password),
        confirmation: None,
        first_name: body.first_name.unwrap_or_default(),
        last_name: body.last_name.unwrap_or_default(),
        client_uri: None,
        phone_number: body.phone_number,
        locale: body.locale.or_else(|| call.locale()),
    };
    call.count(Limit::Register).await?;

    call.state.auth.register(registration, &call.client).await?;
    Ok(HttpResponse::Accepted().json(Empty {}))
}

async fn open_link(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let Link { token } = read(call.members(payload).await?)?;
    call.count(Limit::Mail).await?;

    call.state.auth.confirm_email(None, &token, &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn mail_again(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let Address { email } = read(call.members(payload).await?)?;
    call.count(Limit::Mail).await?;

    call.state.auth.resend_confirmation(&email).await?;
    Ok(HttpResponse::Accepted().json(Empty {}))
}
