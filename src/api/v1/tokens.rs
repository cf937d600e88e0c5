//! POST tokens/refresh and logout.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::TokensBody;
use super::form::Form;
use super::handle;
use crate::api::State;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::limits::Limit;

pub(super) async fn refresh(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, go_on).await
}

pub(super) async fn log_out(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, end).await
}

async fn go_on(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let token = refresh_token(&call, payload).await?;
    let refreshed = call.state.auth.refresh(&token, &call.client).await?;
    let tokens = TokensBody::mint(&call.state.tokens, &refreshed.grant, refreshed.refresh)?;
    Ok(HttpResponse::Ok().json(tokens))
}

async fn end(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let token = refresh_token(&call, payload).await?;
    call.state.auth.logout(&token, &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn refresh_token(call: &Call, payload: Payload) -> Result<String, Problem> {
    let mut form = Form::new(call.members(payload).await?);
    let token = form.text("refreshToken");
    form.check()?;
    call.count(Limit::Verify).await?;
    Ok(token)
}
