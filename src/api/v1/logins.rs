//! POST logins.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::answer::{signed_in, verification_required};
use super::carriage::Carriage;
use super::form::Form;
use super::handle;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::api::{State, cookies};
use crate::auth::{LoginAttempt, LoginOutcome, Password, SessionKind};
use crate::limits::Limit;

pub(super) async fn log_in(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    handle(request, state, payload, attempt).await
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let carriage = Carriage::of(&call)?;
    let mut form = Form::new(call.members(payload).await?);
    let (email, password) = (form.text("email"), form.text("password"));
    let (device, require_second_step) =
        (form.optional_text("deviceToken"), form.optional_flag("requireSecondStep"));
    form.check()?;
    call.count(Limit::Login).await?;

    let attempt = LoginAttempt {
        email,
        password: Password::new(&password),
        client_uri: None,
        client: call.client.clone(),
        known_browser: cookies::known_browser(call.request()),
        devices: cookies::devices(call.request(), device),
        require_second_step,
        session: SessionKind::Refreshable,
    };
    match call.state.auth.login(attempt).await? {
        LoginOutcome::SignedIn(sign_in) => signed_in(&call, &carriage, *sign_in),
        LoginOutcome::VerificationRequired(challenge) => Ok(verification_required(*challenge)),
    }
}
