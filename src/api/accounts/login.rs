//! POST login.

use std::rc::Rc;

use actix_session::Session;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::answer::{AuthResponse, Signed};
use super::call::Call;
use super::form::{EMAIL_REQUIRED, Faults, PASSWORD_REQUIRED};
use crate::api::error::{Refusal, Route};
use crate::api::{State, cookies};
use crate::auth::{LinkOrigins, LinkTarget, LoginAttempt, LoginOutcome, Password, PendingChallenge};
use crate::limits::Limit;

#[derive(Deserialize)]
struct Form {
    email: Option<String>,
    password: Option<String>,
    #[serde(rename = "clienturi")]
    client_uri: Option<String>,
}

enum Outcome {
    SignedIn(Signed),
    VerificationRequired(PendingChallenge),
}

pub(super) async fn login(
    request: HttpRequest,
    payload: Payload,
    session: Session,
    state: Data<State>,
) -> HttpResponse {
    let call = Call::begin(Route::Login, request, state);
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
    call.answer(result)
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<Outcome, Refusal> {
    let form: Form = call.form(payload).await?;
    let mut faults = Faults::default();
    let email = faults.required(form.email, EMAIL_REQUIRED);
    // Blanks may be a password.
    let password = form.password.unwrap_or_default();
    if password.is_empty() {
        faults.add(PASSWORD_REQUIRED);
    }
    faults.refuse()?;
    if let Some(uri) = form.client_uri.as_deref() {
        check_target(uri, &call.state)?;
    }
    call.count(Limit::Login)?;

    let attempt = LoginAttempt {
        email,
        password: Password::new(&password),
        client: call.client.clone(),
        known_browser: cookies::known_browser(call.request()),
    };
    Ok(match call.state.auth.login(attempt).await? {
        LoginOutcome::SignedIn(sign_in) => Outcome::SignedIn(Signed::mint(sign_in, &call.state.tokens)?),
        LoginOutcome::VerificationRequired(challenge) => Outcome::VerificationRequired(challenge),
    })
}

/// A login mails no link, but a `clientURI` that could not be linked to is refused here as everywhere.
fn check_target(uri: &str, state: &State) -> Result<(), Refusal> {
    let origins = LinkOrigins {
        public_url: state.server.public_url.clone(),
        allowed: state.server.allowed_origins.clone(),
    };
    LinkTarget::parse(Some(uri), "/", &origins).map(|_| ()).map_err(|_| Refusal::refused_target())
}
