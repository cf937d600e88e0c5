//! POST registration.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::call::Call;
use super::form::{Faults, PASSWORDS_DIFFER};
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
    let result =
        call.finish(attempt(Rc::clone(&call), payload)).await.map(|()| HttpResponse::Created().finish());
    call.answer(result)
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<(), Refusal> {
    let form: Form = call.form(payload).await?;
    let registration = check(form, &call.state)?;
    call.count(Limit::Register)?;
    Ok(call.state.auth.register(registration).await?)
}

/// Checks the one thing that only the form knows. If it is wrong, what the rules have against the rest is told with it.
fn check(form: Form, state: &State) -> Result<Registration, Refusal> {
    let email = form.email.unwrap_or_default();
    let typed = form.password.unwrap_or_default();
    let password = Password::new(&typed);
    if form.confirm_password.unwrap_or_default() == typed {
        return Ok(Registration {
            email,
            password,
            first_name: form.first_name.unwrap_or_default(),
            last_name: form.last_name.unwrap_or_default(),
            client_uri: form.client_uri,
        });
    }
    let mut faults = Faults::default();
    if let Err(fault) = EmailAddress::from_field(&email) {
        faults.add(fault.message);
    }
    faults.add_password(&password, &state.accounts);
    faults.add(PASSWORDS_DIFFER);
    Err(faults.into())
}
