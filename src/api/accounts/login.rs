//! POST login.

use std::rc::Rc;

use actix_session::Session;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{AuthResponse, Signed};
use crate::api::call::Call;
use crate::api::error::{Refusal, Route};
use crate::api::{State, cookies};
use crate::auth::{ChallengeView, LoginAttempt, LoginOutcome, Password, SessionKind};
use crate::limits::Limit;

const EMAIL_REQUIRED: &str = "Email is required.";
const PASSWORD_REQUIRED: &str = "Password is required";

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountsLogin)]
pub(super) struct Form {
    /// Address of the account.
    #[schema(required, value_type = String)]
    email: Option<String>,
    /// At least a blank.
    #[schema(required, value_type = String)]
    password: Option<String>,
    /// The page that a mail about a locked account links to.
    #[serde(rename = "clientURI")]
    #[schema(value_type = String, required = false)]
    client_uri: Option<String>,
}

enum Outcome {
    SignedIn(Signed),
    VerificationRequired(Box<ChallengeView>),
}

pub(super) async fn login(
    request: HttpRequest,
    payload: Payload,
    session: Session,
    state: Data<State>,
) -> HttpResponse {
    let call = Call::begin(request, state);
    let result = call.finish(attempt(Rc::clone(&call), payload)).await.map(|outcome| match outcome {
        Outcome::SignedIn(signed) => {
            cookies::forget_challenges(&session);
            signed.into_answer(&call.state)
        }
        Outcome::VerificationRequired(challenge) => {
            cookies::remember_challenge(&session, challenge.id.as_str());
            HttpResponse::Ok().json(AuthResponse::verification_required(&challenge))
        }
    });
    Route::Login.answer(result, &call.id())
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<Outcome, Refusal> {
    let form: Form = call.form(payload).await?;
    let (email, password) = (form.email.unwrap_or_default(), form.password.unwrap_or_default());
    // Blanks may be a password.
    let missing = [(email.trim().is_empty(), EMAIL_REQUIRED), (password.is_empty(), PASSWORD_REQUIRED)];
    if missing.iter().any(|(is_missing, _)| *is_missing) {
        let texts =
            missing.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, text)| text.to_owned());
        return Err(Refusal::Malformed(texts.collect()));
    }
    call.count(Limit::Login).await?;

    let attempt = LoginAttempt {
        email,
        password: Password::new(&password),
        client_uri: form.client_uri,
        client: call.client.clone(),
        known_browser: cookies::known_browser(call.request()),
        devices: Vec::new(),
        require_second_step: false,
        session: SessionKind::AccessOnly,
    };
    Ok(match call.state.auth.login(attempt).await? {
        LoginOutcome::SignedIn(sign_in) => Outcome::SignedIn(Signed::mint(*sign_in, &call.state.tokens)?),
        LoginOutcome::VerificationRequired(challenge) => Outcome::VerificationRequired(challenge),
    })
}
