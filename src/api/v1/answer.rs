//! What the answers look like: tokens and challenges.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::carriage::Carriage;
use crate::api::call::Call;
use crate::api::cookies;
use crate::api::error::Problem;
use crate::auth::{
    ChallengeStatus, ChallengeView, DeliveryState, DeliveryStatus, Offer, ProviderKind, RefreshToken, SignIn,
};
use crate::clock::Timestamp;
use crate::token::{Grant, Tokens};

/// It was taken, and there is nothing to tell.
#[derive(Serialize, ToSchema)]
pub(super) struct Empty {}

/// What a session is used with.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tokens)]
pub(super) struct TokensBody {
    /// How the access token is shown (RFC 6750).
    token_type: TokenType,
    /// A JWT.
    access_token: String,
    /// Seconds.
    expires_in: u64,
    /// For the next pair; not there when a cookie carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// Seconds until the refresh token expires, unless it is used.
    refresh_expires_in: u64,
}

/// How a token is shown.
#[derive(Serialize, ToSchema)]
enum TokenType {
    Bearer,
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
            token_type: TokenType::Bearer,
            expires_in: access.expires_at.seconds_since(now),
            access_token: access.token,
            refresh_expires_in: refresh.expires_at.seconds_since(now),
            refresh_token: carriage.take(refresh.token),
        })
    }
}

/// What became of a login.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = LoginOutcome)]
pub(super) enum LoginBody {
    /// Somebody is signed in.
    SignedIn(SignedInBody),
    /// A code is needed.
    VerificationRequired(VerificationRequiredBody),
}

/// Somebody is signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedIn)]
pub(super) struct SignedInBody {
    /// Tells this answer from the other one.
    status: SignedInStatus,
    /// Of the new session.
    tokens: TokensBody,
    /// To be shown at `/logins`, where it was asked for; not there when a cookie carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    device_token: Option<String>,
}

/// Somebody is signed in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SignedInStatus {
    SignedIn,
}

/// The password was right, and a second step is needed.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationRequired)]
pub(super) struct VerificationRequiredBody {
    /// Tells this answer from the other one.
    status: VerificationRequiredStatus,
    /// What is to be verified.
    challenge: ChallengeBody,
}

/// A code is needed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VerificationRequiredStatus {
    VerificationRequired,
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
    let body = SignedInBody { status: SignedInStatus::SignedIn, tokens, device_token };
    Ok(answer.json(LoginBody::SignedIn(body)))
}

/// The password was right, and a second step is needed.
pub(super) fn verification_required(view: ChallengeView) -> HttpResponse {
    let status = VerificationRequiredStatus::VerificationRequired;
    let body = VerificationRequiredBody { status, challenge: view.into() };
    HttpResponse::Ok().json(LoginBody::VerificationRequired(body))
}

/// A second step that is to be done, or was.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Challenge)]
pub(super) struct ChallengeBody {
    /// What it is verified by, together with its code.
    id: String,
    /// How it stands.
    status: ChallengeStatusBody,
    /// Until when the code is good.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Name of the provider in use.
    provider: String,
    /// What that provider is.
    #[schema(value_type = Kind)]
    kind: ProviderKind,
    /// Where the code goes, masked; empty if nowhere.
    destination: String,
    /// Digits of the code.
    code_length: usize,
    /// Guesses that are still judged.
    attempts_left: u32,
    /// Messages that may still be sent.
    sends_left: u32,
    /// From when on the code may be sent again.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    resend_at: Option<Timestamp>,
    /// What became of the newest message; `null` where none is sent.
    #[schema(required)]
    delivery: Option<DeliveryBody>,
    /// Everything that is valid, the one in use among it.
    providers: Vec<ProviderBody>,
}

/// How a challenge stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChallengeStatus)]
enum ChallengeStatusBody {
    Pending,
    Verified,
    Closed,
    Expired,
}

/// What became of a message.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
struct DeliveryBody {
    /// How far it has come.
    status: DeliveryStatusBody,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// How far a message has come.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeliveryStatus)]
enum DeliveryStatusBody {
    Queued,
    Sent,
    Failed,
}

/// A provider that is valid for the user.
#[derive(Serialize, ToSchema)]
#[schema(as = Provider)]
struct ProviderBody {
    /// As it is configured; `RecoveryCode` for codes from the drawer.
    name: String,
    /// What it is.
    #[schema(value_type = Kind)]
    kind: ProviderKind,
    /// Where codes go, masked; empty if nowhere.
    destination: String,
}

/// The schema of [`ProviderKind`].
pub(super) enum Kind {}

impl PartialSchema for Kind {
    fn schema() -> RefOr<Schema> {
        let kinds = ProviderKind::ALL.map(ProviderKind::as_str);
        let about = "What a provider is: it mails, texts, has an app compute, takes what is in the drawer, or is another one.";
        let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(kinds));
        schema.description(Some(about)).into()
    }
}

impl ToSchema for Kind {
    fn name() -> Cow<'static, str> {
        "ProviderKind".into()
    }
}

impl From<ChallengeView> for ChallengeBody {
    fn from(view: ChallengeView) -> Self {
        Self {
            id: view.id.as_str().to_owned(),
            status: match view.status {
                ChallengeStatus::Pending => ChallengeStatusBody::Pending,
                ChallengeStatus::Verified => ChallengeStatusBody::Verified,
                ChallengeStatus::Closed => ChallengeStatusBody::Closed,
                ChallengeStatus::Expired => ChallengeStatusBody::Expired,
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
            DeliveryStatus::Queued => DeliveryStatusBody::Queued,
            DeliveryStatus::Sent => DeliveryStatusBody::Sent,
            DeliveryStatus::Failed => DeliveryStatusBody::Failed,
        };
        Self { status, at: state.at }
    }
}

impl From<Offer> for ProviderBody {
    fn from(offer: Offer) -> Self {
        Self { name: offer.provider, kind: offer.kind, destination: offer.destination.masked }
    }
}
