//! POST password/forgot and password/reset.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::form::Form;
use super::handle;
use crate::api::State;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::auth::{Password, ResetRequest};
use crate::limits::Limit;

pub(super) async fn forgot(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, begin).await
}

pub(super) async fn reset(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, set).await
}

async fn begin(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let mut form = Form::new(call.members(payload).await?);
    let email = form.text("email");
    form.check()?;
    call.count(Limit::Mail).await?;

    call.state.auth.forgot_password(&email, None).await?;
    Ok(HttpResponse::Accepted().json(json!({})))
}

async fn set(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let mut form = Form::new(call.members(payload).await?);
    let (token, password) = (form.text("token"), form.text("password"));
    form.check()?;
    // As at the article's face: a guess at a token and a hash cost what a verification costs.
    call.count(Limit::Verify).await?;

    let request = ResetRequest { email: None, token, password: Password::new(&password), confirmation: None };
    call.state.auth.reset_password(request, &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}
