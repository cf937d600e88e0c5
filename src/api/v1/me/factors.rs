//! The factors of the account: two-step verification, phone, authenticator, recovery codes.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde::Serialize;
use serde_json::json;

use crate::api::call::Call;
use crate::api::error::Problem;
use crate::api::v1::form::Form;
use crate::auth::{Factors, ProviderKind, RecoveryCodes};
use crate::clock::Timestamp;
use crate::limits::Limit;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    two_factor_enabled: bool,
    preferred_provider: Option<String>,
    factors: Vec<FactorBody>,
    disabled_factors: Vec<DisabledBody>,
    recovery_codes_left: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FactorBody {
    provider: String,
    kind: ProviderKind,
    destination: String,
    confirmed_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct DisabledBody {
    provider: String,
    kind: ProviderKind,
}

impl Body {
    fn new(factors: Factors, codes: Option<&RecoveryCodes>) -> Self {
        let body = |factor: crate::auth::FactorView| FactorBody {
            provider: factor.provider,
            kind: factor.kind,
            destination: factor.destination,
            confirmed_at: factor.confirmed_at,
        };
        Self {
            two_factor_enabled: factors.two_factor_enabled,
            preferred_provider: factors.preferred_provider,
            factors: factors.factors.into_iter().map(body).collect(),
            disabled_factors: factors
                .disabled
                .into_iter()
                .map(|(provider, kind)| DisabledBody { provider, kind })
                .collect(),
            recovery_codes_left: factors.recovery_codes_left,
            recovery_codes: codes.map(RecoveryCodes::expose),
        }
    }
}

pub(super) async fn list(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let factors = call.state.auth.factors(user.claims(), &call.client).await?;
    Ok(HttpResponse::Ok().json(Body::new(factors, None)))
}

pub(super) async fn set_two_factor(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let mut form = Form::new(call.members(payload).await?);
    let (enabled, preferred) = (form.flag("enabled"), form.optional_text("preferredProvider"));
    form.check()?;
    let (claims, client) = (user.claims(), &call.client);
    let (factors, codes) = call.state.auth.set_two_factor(claims, client, enabled, preferred).await?;
    Ok(HttpResponse::Ok().json(Body::new(factors, codes.as_ref())))
}

pub(super) async fn begin_phone(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let mut form = Form::new(call.members(payload).await?);
    let number = form.text("phoneNumber");
    form.check()?;
    call.count(Limit::Mail).await?;
    call.state.auth.begin_phone(user.claims(), &call.client, &number).await?;
    Ok(HttpResponse::Accepted().json(json!({})))
}

pub(super) async fn verify_phone(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let mut form = Form::new(call.members(payload).await?);
    let code = form.text("code");
    form.check()?;
    call.count(Limit::Verify).await?;
    call.state.auth.verify_phone(user.claims(), &call.client, &code).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn remove_phone(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    call.state.auth.remove_phone(user.claims(), &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn begin_authenticator(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let enrolment = call.state.auth.begin_authenticator(user.claims(), &call.client).await?;
    Ok(HttpResponse::Ok().json(json!({
        "sharedKey": enrolment.shared_key.as_str(),
        "otpauthUri": enrolment.otpauth_uri.as_str(),
        "qrSvg": enrolment.qr_svg.as_str(),
    })))
}

pub(super) async fn verify_authenticator(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let mut form = Form::new(call.members(payload).await?);
    let code = form.text("code");
    form.check()?;
    call.count(Limit::Verify).await?;
    call.state.auth.verify_authenticator(user.claims(), &call.client, &code).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn remove_authenticator(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    call.state.auth.remove_authenticator(user.claims(), &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn new_recovery_codes(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let codes = call.state.auth.new_recovery_codes(user.claims(), &call.client).await?;
    Ok(HttpResponse::Ok().json(json!({ "recoveryCodes": codes.expose() })))
}
