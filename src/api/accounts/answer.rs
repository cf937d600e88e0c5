//! The answer of login and twostepverification.

use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::Refusal;
use crate::api::{State, cookies};
use crate::auth::{ChallengeView, SignIn};
use crate::clock::Timestamp;
use crate::token::Tokens;

/// What became of a sign-in: five members always, three more when a second step is required.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct AuthResponse<'a> {
    /// Whether there is a token.
    is_auth_successful: bool,
    /// Why nobody is signed in, to be shown as it is.
    #[schema(required)]
    error_message: Option<&'a str>,
    /// The access token.
    #[schema(required)]
    token: Option<&'a str>,
    /// Whether a code is on its way.
    #[serde(rename = "is2StepVerificationRequired")]
    is_2_step_verification_required: bool,
    /// By which provider.
    #[schema(required)]
    provider: Option<&'a str>,
    /// Which challenge the code belongs to; with a second step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    challenge_id: Option<&'a str>,
    /// The names of all providers that this user could use; with a second step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    providers: Option<Vec<&'a str>>,
    /// Until when the code is good; with a second step.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    expires_at: Option<Timestamp>,
}

impl<'a> AuthResponse<'a> {
    /// Nobody is signed in.
    pub(in crate::api) fn refused(why: &'a str) -> Self {
        Self { error_message: Some(why), ..Self::default() }
    }

    /// Somebody is signed in.
    fn signed_in(token: &'a str) -> Self {
        Self { is_auth_successful: true, token: Some(token), ..Self::default() }
    }

    /// The password was right, and a code is on its way.
    pub(super) fn verification_required(challenge: &'a ChallengeView) -> Self {
        let providers = challenge.providers.iter().map(|offer| offer.provider.as_str());
        Self {
            is_2_step_verification_required: true,
            provider: Some(&challenge.provider),
            challenge_id: Some(challenge.id.as_str()),
            providers: Some(providers.collect()),
            expires_at: Some(challenge.expires_at),
            ..Self::default()
        }
    }
}

/// A sign-in with its token.
pub(super) struct Signed {
    token: String,
    known_browser: String,
}

impl Signed {
    /// Mints the token of a sign-in.
    pub(super) fn mint(sign_in: SignIn, tokens: &Tokens) -> Result<Self, Refusal> {
        let token = tokens.issue(&sign_in.grant)?.token;
        Ok(Self { token, known_browser: sign_in.known_browser })
    }

    /// The answer, which marks the browser as known.
    pub(super) fn into_answer(self, state: &State) -> HttpResponse {
        let mut answer: HttpResponseBuilder = HttpResponse::Ok();
        cookies::mark_browser(&mut answer, self.known_browser, state.sessions.are_secure());
        answer.json(AuthResponse::signed_in(&self.token))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_five_members_are_always_there() {
        assert_eq!(
            serde_json::to_value(AuthResponse::refused("No")).unwrap(),
            json!({
                "isAuthSuccessful": false,
                "errorMessage": "No",
                "token": null,
                "is2StepVerificationRequired": false,
                "provider": null,
            })
        );
        assert_eq!(
            serde_json::to_value(AuthResponse::signed_in("t")).unwrap(),
            json!({
                "isAuthSuccessful": true,
                "errorMessage": null,
                "token": "t",
                "is2StepVerificationRequired": false,
                "provider": null,
            })
        );
    }
}
