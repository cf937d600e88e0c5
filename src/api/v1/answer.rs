//! What the answers look like: tokens and challenges.

use std::time::Duration;

use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use super::carriage::Carriage;
use crate::api::call::Call;
use crate::api::cookies;
use crate::api::error::Problem;
use crate::auth::{
    ChallengeStatus, ChallengeView, DeliveryState, DeliveryStatus, Offer, ProviderKind, RefreshToken, SignIn,
};
use crate::clock::Timestamp;
use crate::token::{Grant, Tokens};

/// T of contract 6.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokensBody {
    token_type: &'static str,
    access_token: String,
    expires_in: u64,
    /// Not there when a cookie carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    refresh_expires_in: u64,
}

impl TokensBody {
    /// Mints the access token of a session that can be refreshed.
    pub(super) fn mint(
        tokens: &Tokens,
        grant: &Grant,
        refresh: RefreshToken,
        carriage: &Carriage,
    ) -> Result<Self, Problem> {
        let access = tokens.issue(grant)?;
        let now = tokens.now();
        Ok(Self {
            token_type: "Bearer",
            expires_in: access.expires_at.seconds_since(now),
            access_token: access.token,
            refresh_expires_in: refresh.expires_at.seconds_since(now),
            refresh_token: carriage.take(refresh.token),
        })
    }
}

#[derive(Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
enum LoginBody {
    SignedIn {
        tokens: TokensBody,
        #[serde(rename = "deviceToken", skip_serializing_if = "Option::is_none")]
        device_token: Option<String>,
    },
    VerificationRequired {
        challenge: ChallengeBody,
    },
}

/// Somebody is signed in; the browser is marked as known, and as a remembered device where that was asked for.
pub(super) fn signed_in(call: &Call, carriage: &Carriage, sign_in: SignIn) -> Result<HttpResponse, Problem> {
    let state = &call.state;
    let no_chain = || Problem::Fault(anyhow::anyhow!("a session without refresh tokens"));
    let refresh = sign_in.refresh.ok_or_else(no_chain)?;
    let tokens = TokensBody::mint(&state.tokens, &sign_in.grant, refresh, carriage)?;
    let mut answer: HttpResponseBuilder = HttpResponse::Ok();
    let secure = state.sessions.are_secure();
    cookies::mark_browser(&mut answer, sign_in.known_browser, secure);
    if let Some(device) = &sign_in.device {
        let lifetime = Duration::from_secs(device.expires_at.seconds_since(state.tokens.now()));
        cookies::keep_device(&mut answer, call.request(), device, lifetime, secure);
    }
    // Where a cookie carries what is secret, no script sees any of it.
    let shown = sign_in.device.filter(|_| matches!(carriage, Carriage::Body));
    let device_token = shown.map(|device| device.token);
    Ok(answer.json(LoginBody::SignedIn { tokens, device_token }))
}

/// The password was right, and a second step is needed.
pub(super) fn verification_required(view: ChallengeView) -> HttpResponse {
    HttpResponse::Ok().json(LoginBody::VerificationRequired { challenge: view.into() })
}

/// C of contract 6.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChallengeBody {
    id: String,
    status: &'static str,
    expires_at: Timestamp,
    provider: String,
    kind: ProviderKind,
    destination: String,
    code_length: usize,
    attempts_left: u32,
    sends_left: u32,
    resend_at: Option<Timestamp>,
    delivery: Option<DeliveryBody>,
    providers: Vec<ProviderBody>,
}

#[derive(Serialize)]
struct DeliveryBody {
    status: &'static str,
    at: Timestamp,
}

#[derive(Serialize)]
struct ProviderBody {
    name: String,
    kind: ProviderKind,
    destination: String,
}

impl From<ChallengeView> for ChallengeBody {
    fn from(view: ChallengeView) -> Self {
        Self {
            id: view.id.as_str().to_owned(),
            status: match view.status {
                ChallengeStatus::Pending => "pending",
                ChallengeStatus::Verified => "verified",
                ChallengeStatus::Closed => "closed",
                ChallengeStatus::Expired => "expired",
            },
            expires_at: view.expires_at,
            provider: view.provider,
            kind: view.kind,
            destination: view.destination,
            code_length: view.code_length,
            attempts_left: view.attempts_left,
            sends_left: view.sends_left,
            resend_at: view.resend_at.map(Timestamp::rounded_up),
            delivery: view.delivery.map(DeliveryBody::from),
            providers: view.providers.into_iter().map(ProviderBody::from).collect(),
        }
    }
}

impl From<DeliveryState> for DeliveryBody {
    fn from(state: DeliveryState) -> Self {
        let status = match state.status {
            DeliveryStatus::Queued => "queued",
            DeliveryStatus::Sent => "sent",
            DeliveryStatus::Failed => "failed",
        };
        Self { status, at: state.at }
    }
}

impl From<Offer> for ProviderBody {
    fn from(offer: Offer) -> Self {
        Self { name: offer.provider, kind: offer.kind, destination: offer.destination.masked }
    }
}
