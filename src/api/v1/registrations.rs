//! POST registrations, email-confirmations and email-confirmations/resend.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::form::Form;
use super::handle;
use crate::api::State;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::auth::{Password, Registration};
use crate::limits::Limit;

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
    let mut form = Form::new(call.members(payload).await?);
    let (email, password) = (form.text("email"), form.text("password"));
    let registration = Registration {
        email,
        password: Password::new(&password),
        confirmation: None,
        first_name: form.optional_text("firstName").unwrap_or_default(),
        last_name: form.optional_text("lastName").unwrap_or_default(),
        client_uri: None,
        phone_number: form.optional_text("phoneNumber"),
        locale: form.optional_text("locale").or_else(|| call.locale()),
    };
    form.check()?;
    call.count(Limit::Register).await?;

    call.state.auth.register(registration, &call.client).await?;
    Ok(HttpResponse::Accepted().json(json!({})))
}

async fn open_link(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let mut form = Form::new(call.members(payload).await?);
    let token = form.text("token");
    form.check()?;
    call.count(Limit::Mail).await?;

    call.state.auth.confirm_email(None, &token, &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn mail_again(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let mut form = Form::new(call.members(payload).await?);
    let email = form.text("email");
    form.check()?;
    call.count(Limit::Mail).await?;

    call.state.auth.resend_confirmation(&email).await?;
    Ok(HttpResponse::Accepted().json(json!({})))
}
