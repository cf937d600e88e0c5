//! POST resetpassword.

use std::rc::Rc;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::State;
use crate::api::call::Call;
use crate::api::error::{Refusal, Route};
use crate::auth::{Password, ResetRequest};
use crate::limits::Limit;

/// A new password, and what a mailed link says.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountsResetPassword)]
pub(super) struct Form {
    /// The new one.
    #[schema(required, value_type = String)]
    password: Option<String>,
    /// The same again.
    #[schema(required, value_type = String)]
    confirm_password: Option<String>,
    /// Of the mailed link.
    #[schema(required, value_type = String)]
    token: Option<String>,
    /// Of the mailed link.
    #[schema(required, value_type = String)]
    email: Option<String>,
}

pub(super) async fn reset(request: HttpRequest, payload: Payload, state: Data<State>) -> HttpResponse {
    let call = Call::begin(request, state);
    let result = call.finish(attempt(Rc::clone(&call), payload)).await.map(|()| HttpResponse::Ok().finish());
    Route::ResetPassword.answer(result, &call.id())
}

async fn attempt(call: Rc<Call>, payload: Payload) -> Result<(), Refusal> {
    let form: Form = call.form(payload).await?;
    // It sends no mail: what it costs is a guess at the link's token and a password hash, as a verification does.
    call.count(Limit::Verify).await?;
    Ok(call.state.auth.reset_password(form.into(), &call.client).await?)
}

impl From<Form> for ResetRequest {
    fn from(form: Form) -> Self {
        Self {
            email: Some(form.email.unwrap_or_default()),
            token: form.token.unwrap_or_default(),
            password: Password::new(&form.password.unwrap_or_default()),
            confirmation: Some(Password::new(&form.confirm_password.unwrap_or_default())),
        }
    }
}
