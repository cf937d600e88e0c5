//! The factors of the account: two-step verification, phone, authenticator, recovery codes.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::call::Call;
use crate::api::error::Problem;
use crate::api::v1::answer::{Empty, Kind};
use crate::api::v1::form::read;
use crate::auth::{Factors, ProviderKind, RecoveryCodes};
use crate::clock::Timestamp;
use crate::limits::Limit;

/// What the second step can be done with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Factors)]
pub(super) struct Body {
    /// Whether it is asked for.
    two_factor_enabled: bool,
    /// The provider that is asked first.
    #[schema(required)]
    preferred_provider: Option<String>,
    /// What is valid now.
    factors: Vec<FactorBody>,
    /// What too many wrong codes have disabled.
    disabled_factors: Vec<DisabledBody>,
    /// Recovery codes that were not used yet.
    recovery_codes_left: u64,
    /// New ones, shown this once; when the second step is switched on for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    recovery_codes: Option<Vec<String>>,
}

/// Something that the second step can be done with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Factor)]
struct FactorBody {
    /// Name of its provider.
    provider: String,
    /// What it is.
    #[schema(value_type = Kind)]
    kind: ProviderKind,
    /// Where codes go, masked; empty if nowhere.
    destination: String,
    /// Since when it counts.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    confirmed_at: Option<Timestamp>,
}

/// Something that too many wrong codes have disabled.
#[derive(Serialize, ToSchema)]
#[schema(as = DisabledFactor)]
struct DisabledBody {
    /// Name of its provider.
    provider: String,
    /// What it is.
    #[schema(value_type = Kind)]
    kind: ProviderKind,
}

/// Whether the second step is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TwoFactorRequest)]
pub(super) struct TwoFactor {
    /// On or off.
    enabled: bool,
    /// The provider to be asked first; without it, it stays as it is.
    preferred_provider: Option<String>,
}

/// A phone number.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PhoneRequest)]
pub(super) struct Phone {
    /// E.164.
    phone_number: String,
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[schema(as = CodeRequest)]
pub(super) struct Code {
    /// Digits.
    code: String,
}

/// What an authenticator app is enrolled by, in three spellings.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuthenticatorEnrolment)]
pub(super) struct EnrolmentBody<'a> {
    /// To be typed: base32.
    shared_key: &'a str,
    /// To be opened by the app.
    otpauth_uri: &'a str,
    /// To be scanned: a picture of the address.
    qr_svg: &'a str,
}

/// Ten codes for the drawer, each good once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecoveryCodes)]
pub(super) struct RecoveryCodesBody {
    /// Shown this once.
    recovery_codes: Vec<String>,
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
    let TwoFactor { enabled, preferred_provider } = read(call.members(payload).await?)?;
    let (claims, client) = (user.claims(), &call.client);
    let (factors, codes) =
        call.state.auth.set_two_factor(claims, client, enabled, preferred_provider).await?;
    Ok(HttpResponse::Ok().json(Body::new(factors, codes.as_ref())))
}

pub(super) async fn begin_phone(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let Phone { phone_number } = read(call.members(payload).await?)?;
    call.count(Limit::Mail).await?;
    call.state.auth.begin_phone(user.claims(), &call.client, &phone_number).await?;
    Ok(HttpResponse::Accepted().json(Empty {}))
}

pub(super) async fn verify_phone(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let Code { code } = read(call.members(payload).await?)?;
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
    Ok(HttpResponse::Ok().json(EnrolmentBody {
        shared_key: enrolment.shared_key.as_str(),
        otpauth_uri: enrolment.otpauth_uri.as_str(),
        qr_svg: enrolment.qr_svg.as_str(),
    }))
}

pub(super) async fn verify_authenticator(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let Code { code } = read(call.members(payload).await?)?;
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
    Ok(HttpResponse::Ok().json(RecoveryCodesBody { recovery_codes: codes.expose() }))
}
