//! POST forgotpassword.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::State;
use crate::api::call::Call;
use crate::api::error::{Refusal, Route};
use crate::limits::Limit;

/// Who has forgotten the password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountsForgotPassword)]
pub(super) struct Form {
    /// Address of the account.
    #[schema(required, value_type = String)]
    email: Option<String>,
    /// The page that the mailed link opens; without it, the built-in one.
    #[serde(rename = "clientURI")]
    #[schema(value_type = String, required = false)]
    client_uri: Option<String>,
}

pub(super) async fn forgot(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    let call = Call::begin(request, state);
    let result = call.finish(begin(Rc::clone(&call), payload)).await.map(|()| HttpResponse::Ok().finish());
    Route::ForgotPassword.answer(result, &call.id())
}

async fn begin(call: Rc<Call>, payload: Payload) -> Result<(), Refusal> {
    let form: Form = call.form(payload).await?;
    let email = form.email.unwrap_or_default();
    call.count(Limit::Mail).await?;
    Ok(call.state.auth.forgot_password(&email, form.client_uri.as_deref()).await?)
}
