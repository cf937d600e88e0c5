//! POST twostepverification.

use std::rc::Rc;

use actix_session::Session;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::Signed;
use crate::api::body::BodyFault;
use crate::api::call::Call;
use crate::api::error::{Refusal, Route};
use crate::api::{State, cookies};
use crate::auth::{Caller, Verification, VerifyError};
use crate::limits::Limit;

/// A guess at a code.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AccountsVerification)]
pub(super) struct Form {
    /// Address of the account.
    #[schema(required, value_type = String)]
    email: Option<String>,
    /// The one that sent the code.
    #[schema(required, value_type = String)]
    provider: Option<String>,
    /// The code.
    #[schema(required, value_type = String)]
    token: Option<String>,
    /// Of the login's answer; without it the cookie or the address of the login tells.
    #[schema(value_type = String, required = false)]
    challenge_id: Option<String>,
}

pub(super) async fn verify(
    request: HttpRequest,
    payload: Payload,
    session: Session,
    state: Data<State>,
) -> HttpResponse {
    let call = Call::begin(request, state);
    let challenges = cookies::open_challenges(&session);
    let result = call.finish(judge(Rc::clone(&call), payload, challenges)).await.map(|signed| {
        cookies::forget_challenges(&session);
        signed.into_answer(&call.state)
    });
    Route::TwoStepVerification.answer(result, &call.id())
}

/// A guess that lacks something is a wrong one, and told like one.
async fn judge(call: Rc<Call>, payload: Payload, session_challenges: Vec<String>) -> Result<Signed, Refusal> {
    let form: Form = match call.form(payload).await {
        Err(BodyFault::Nul) => return Err(VerifyError::Invalid.into()),
        read => read?,
    };
    let (Some(email), Some(provider), Some(code)) = (form.email, form.provider, form.token) else {
        return Err(VerifyError::Invalid.into());
    };
    call.count(Limit::Verify).await?;

    let caller = Caller {
        client: call.client.clone(),
        challenge_id: form.challenge_id,
        session_challenges,
        known_browser: cookies::known_browser(call.request()),
    };
    let verification = Verification { email, provider, code, caller };
    Signed::mint(call.state.auth.verify(verification).await?, &call.state.tokens)
}
