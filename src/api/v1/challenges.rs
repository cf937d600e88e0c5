//! GET challenges/{id}, POST challenges/{id}/codes and challenges/{id}/verify.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{ChallengeBody, signed_in};
use super::carriage::Carriage;
use super::form::read;
use super::handle;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::api::{State, cookies};
use crate::auth::{ChallengeId, Guess, SessionKind};
use crate::limits::Limit;

/// By whom a code is to be sent.
#[derive(Deserialize, ToSchema)]
#[schema(as = SendCodeRequest)]
pub(super) struct Send {
    /// Name of a provider of the challenge.
    provider: String,
}

/// A guess at a code.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VerifyRequest)]
pub(super) struct Verify {
    /// Digits; with `RecoveryCode` also letters and dashes.
    code: String,
    /// Whose code it is; without it, that of the provider in use.
    provider: Option<String>,
    /// Spares this device the second step from now on.
    remember_device: Option<bool>,
}

pub(super) async fn show(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, look).await
}

pub(super) async fn send(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, send_code).await
}

pub(super) async fn verify(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, judge).await
}

/// The challenge in the path; whatever stands there is an id that exists or not.
fn challenge(call: &Call) -> ChallengeId {
    ChallengeId::shown(call.request().match_info().get("id").unwrap_or_default())
}

async fn look(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let view = call.state.auth.challenge(&challenge(&call)).await?;
    Ok(HttpResponse::Ok().json(ChallengeBody::from(view)))
}

async fn send_code(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let Send { provider } = read(call.members(payload).await?)?;
    call.count(Limit::Verify).await?;

    let view = call.state.auth.send_code(&challenge(&call), &provider, &call.client).await?;
    Ok(HttpResponse::Accepted().json(ChallengeBody::from(view)))
}

async fn judge(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let carriage = Carriage::of(&call)?;
    let Verify { code, provider, remember_device } = read(call.members(payload).await?)?;
    call.count(Limit::Verify).await?;

    let guess = Guess {
        challenge: challenge(&call),
        code,
        provider,
        client: call.client.clone(),
        known_browser: cookies::known_browser(call.request()),
        session: SessionKind::Refreshable,
        remember_device: remember_device.unwrap_or_default(),
        devices: cookies::devices(call.request(), None),
    };
    signed_in(&call, &carriage, call.state.auth.verify_challenge(guess).await?)
}
