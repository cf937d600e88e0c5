//! POST resetpassword.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::call::Call;
use super::form::{EMAIL_REQUIRED, Faults, PASSWORDS_DIFFER, TOKEN_REQUIRED};
use crate::api::State;
use crate::api::error::{Refusal, Route};
use crate::auth::{Password, ResetRequest};
use crate::limits::Limit;

#[derive(Deserialize)]
struct Form {
    password: Option<String>,
    #[serde(rename = "confirmpassword")]
    confirm_password: Option<String>,
    token: Option<String>,
    email: Option<String>,
}

pub(super) async fn reset(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    let call = Call::begin(Route::ResetPassword, request, state);
    let result = call.finish(attempt(Rc::clone(&call), payload)).await.map(|()| HttpResponse::Ok().finish());
    call.answer(result)
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<(), Refusal> {
    let form: Form = call.form(payload).await?;
    let request = check(form, &call.state)?;
    // It sends no mail: what it costs is a guess at the link's token and a password hash, as a verification does.
    call.count(Limit::Verify)?;
    Ok(call.state.auth.reset_password(request).await?)
}

/// Checks what only the form knows. If that is wrong, what the rules have against the password is told with it.
fn check(form: Form, state: &State) -> Result<ResetRequest, Refusal> {
    let mut faults = Faults::default();
    let email = faults.required(form.email, EMAIL_REQUIRED);
    let token = faults.required(form.token, TOKEN_REQUIRED);
    let typed = form.password.unwrap_or_default();
    let password = Password::new(&typed);
    let is_confirmed = form.confirm_password.unwrap_or_default() == typed;
    if faults.is_empty() && is_confirmed {
        return Ok(ResetRequest { email, token, password });
    }
    faults.add_password(&password, &state.accounts);
    if !is_confirmed {
        faults.add(PASSWORDS_DIFFER);
    }
    Err(faults.into())
}
