//! POST registration.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::call::Call;
use super::form::{EMAIL_REQUIRED, Missing, PASSWORD_REQUIRED, PASSWORDS_DIFFER};
use crate::api::State;
use crate::api::error::{Refusal, Route};
use crate::auth::{EmailAddress, Password, Registration};
use crate::limits::Limit;

#[derive(Deserialize)]
struct Form {
    #[serde(rename = "firstname")]
    first_name: Option<String>,
    #[serde(rename = "lastname")]
    last_name: Option<String>,
    email: Option<String>,
    password: Option<String>,
    #[serde(rename = "confirmpassword")]
    confirm_password: Option<String>,
    #[serde(rename = "clienturi")]
    client_uri: Option<String>,
}

pub(super) async fn register(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    let call = Call::begin(Route::Registration, request, state);
    let result = attempt(&call, payload).await.map(|()| HttpResponse::Created().finish());
    call.answer(result)
}

async fn attempt(call: &Call, payload: Payload) -> Result<(), Refusal> {
    let form: Form = call.form(payload).await?;
    let registration = check(form, &call.state)?;
    call.count(Limit::Register)?;

    let auth = call.state.auth.clone();
    call.finish(async move { Ok(auth.register(registration).await?) }).await
}

/// Checks what only the form knows. If that is wrong, what the rules have against the rest is told with it.
fn check(form: Form, state: &State) -> Result<Registration, Refusal> {
    let mut faults = Missing::default();
    let email = faults.unless(form.email, EMAIL_REQUIRED);
    let has_email = faults.is_empty();
    let typed = form.password.unwrap_or_default();
    let password = Password::new(&typed);
    let is_confirmed = form.confirm_password.unwrap_or_default() == typed;
    if has_email && !typed.is_empty() && is_confirmed {
        return Ok(Registration {
            email,
            password,
            first_name: form.first_name.unwrap_or_default(),
            last_name: form.last_name.unwrap_or_default(),
            client_uri: form.client_uri,
        });
    }
    if has_email && EmailAddress::parse(&email).is_err() {
        faults.note(format!("Email '{email}' is invalid."));
    }
    if typed.is_empty() {
        faults.note(PASSWORD_REQUIRED);
    } else {
        password.faults(&state.accounts).into_iter().for_each(|fault| faults.note(fault.message));
    }
    if !is_confirmed {
        faults.note(PASSWORDS_DIFFER);
    }
    Err(Refusal::Malformed(faults.into_texts()))
}
