//! POST registration.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::State;
use crate::api::call::Call;
use crate::api::error::{Refusal, Route};
use crate::auth::{Password, Registration};
use crate::limits::Limit;

/// Who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountsRegistration)]
pub(super) struct Form {
    /// At most 100 characters.
    #[schema(value_type = String, required = false)]
    first_name: Option<String>,
    /// At most 100 characters.
    #[schema(value_type = String, required = false)]
    last_name: Option<String>,
    /// Address of the new account; a link is mailed to it.
    #[schema(required, value_type = String)]
    email: Option<String>,
    /// At least `password_min_length` bytes, at most 128, and no common one.
    #[schema(required, value_type = String)]
    password: Option<String>,
    /// The same again.
    #[schema(required, value_type = String)]
    confirm_password: Option<String>,
    /// The page that the mailed link opens; without it, the built-in one.
    #[serde(rename = "clientURI")]
    #[schema(value_type = String, required = false)]
    client_uri: Option<String>,
}

pub(super) async fn register(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    let call = Call::begin(request, state);
    let result =
        call.finish(attempt(Rc::clone(&call), payload)).await.map(|()| HttpResponse::Created().finish());
    Route::Registration.answer(result, &call.id())
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<(), Refusal> {
    let form: Form = call.form(payload).await?;
    call.count(Limit::Register).await?;
    let registration = Registration { locale: call.locale(), ..form.into() };
    Ok(call.state.auth.register(registration, &call.client).await?)
}

impl From<Form> for Registration {
    fn from(form: Form) -> Self {
        Self {
            email: form.email.unwrap_or_default(),
            password: Password::new(&form.password.unwrap_or_default()),
            confirmation: Some(Password::new(&form.confirm_password.unwrap_or_default())),
            first_name: form.first_name.unwrap_or_default(),
            last_name: form.last_name.unwrap_or_default(),
            client_uri: form.client_uri,
            phone_number: None,
            locale: None,
        }
    }
}
