//! The article's table: its client prints these answers as they are, so each route keeps its own shape.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use log::error;
use serde::Serialize;
use utoipa::ToSchema;

use super::seconds;
use crate::api::accounts::AuthResponse;
use crate::api::server::RequestId;

/// How long a client is asked to wait after a fault or a passed deadline.
pub(super) const AFTER_A_FAULT: Duration = Duration::from_secs(5);

/// The six routes of `/api/accounts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Route {
    /// POST registration
    Registration,
    /// GET emailconfirmation
    EmailConfirmation,
    /// POST login
    Login,
    /// POST twostepverification
    TwoStepVerification,
    /// POST forgotpassword
    ForgotPassword,
    /// POST resetpassword
    ResetPassword,
}

/// Why one of the six routes does not do what it was asked.
#[derive(Debug)]
pub(in crate::api) enum Refusal {
    /// The request is not what the route takes: what to tell its sender.
    Malformed(Vec<String>),
    /// The rules say no: what to tell.
    Denied(Vec<String>),
    /// A destination had its messages: what to tell, and how long to wait.
    Exhausted(&'static str, Duration),
    /// The client's address asks too often.
    Limited(Duration),
    /// Overload, or a dependency is away.
    Busy(Duration),
    /// A fault; it is logged when it is answered.
    Fault(anyhow::Error),
}

/// Why there is no new account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct RegistrationRefusal<'a> {
    /// Always `false`.
    is_successful_registration: bool,
    /// Sentences, to be shown as they are.
    errors: &'a [String],
}

/// Why there is no new password.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ResetRefusal<'a> {
    /// Sentences, to be shown as they are.
    errors: &'a [String],
}

impl Refusal {
    /// The rules say no, in these words.
    pub(super) fn denied(text: &str) -> Self {
        Self::Denied(vec![text.to_owned()])
    }

    /// The request's `clientURI` may not be linked to.
    pub(in crate::api) fn refused_target() -> Self {
        Self::Malformed(vec!["The clientURI is not allowed.".to_owned()])
    }
}

impl Route {
    /// The answer, or the refusal in this route's shape.
    pub(in crate::api) fn answer(
        self,
        result: Result<HttpResponse, Refusal>,
        id: &RequestId,
    ) -> HttpResponse {
        result.unwrap_or_else(|refusal| self.refuse(refusal, id))
    }

    /// The answer in this route's shape.
    fn refuse(self, refusal: Refusal, id: &RequestId) -> HttpResponse {
        match refusal {
            Refusal::Malformed(texts) => self.shaped(StatusCode::BAD_REQUEST, &texts, None),
            Refusal::Denied(texts) => self.shaped(self.denial(), &texts, None),
            Refusal::Exhausted(text, wait) => {
                self.shaped(self.denial(), &[text.to_owned()], Some(seconds(wait)))
            }
            Refusal::Limited(wait) => self.later("Too many attempts.", wait),
            Refusal::Busy(wait) => self.later("The service is busy.", wait),
            Refusal::Fault(fault) => {
                error!(request_id:% = id, cause:% = format_args!("{fault:#}"); "a request failed");
                self.later("The service is busy.", AFTER_A_FAULT)
            }
        }
    }

    /// The status of a "no" by the rules, of a limit and of overload.
    fn denial(self) -> StatusCode {
        match self {
            Self::Login => StatusCode::UNAUTHORIZED,
            Self::Registration
            | Self::EmailConfirmation
            | Self::TwoStepVerification
            | Self::ForgotPassword
            | Self::ResetPassword => StatusCode::BAD_REQUEST,
        }
    }

    /// "Not now", which forgotpassword does not tell: it is always 200, so that it says nothing about an address.
    fn later(self, why: &str, wait: Duration) -> HttpResponse {
        let wait = seconds(wait);
        match self {
            Self::ForgotPassword => HttpResponse::Ok().insert_header((RETRY_AFTER, wait)).finish(),
            Self::Registration
            | Self::EmailConfirmation
            | Self::Login
            | Self::TwoStepVerification
            | Self::ResetPassword => {
                self.shaped(self.denial(), &[format!("{why} Try again in {wait} seconds.")], Some(wait))
            }
        }
    }

    fn shaped(self, status: StatusCode, texts: &[String], retry_after: Option<u64>) -> HttpResponse {
        let mut answer = HttpResponse::build(status);
        if let Some(wait) = retry_after {
            answer.insert_header((RETRY_AFTER, wait));
        }
        match self {
            Self::Registration => {
                answer.json(RegistrationRefusal { is_successful_registration: false, errors: texts })
            }
            Self::ResetPassword => answer.json(ResetRefusal { errors: texts }),
            Self::Login if status == StatusCode::UNAUTHORIZED => {
                answer.json(AuthResponse::refused(&texts.join(" ")))
            }
            Self::EmailConfirmation | Self::Login | Self::TwoStepVerification | Self::ForgotPassword => {
                answer.content_type("text/plain; charset=utf-8").body(texts.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::auth::{Busy, LoginError};

    const ROUTES: [Route; 6] = [
        Route::Registration,
        Route::EmailConfirmation,
        Route::Login,
        Route::TwoStepVerification,
        Route::ForgotPassword,
        Route::ResetPassword,
    ];

    async fn refuse(route: Route, refusal: Refusal) -> (u16, Option<String>, String) {
        let id = RequestId::of(&TestRequest::get().to_http_request());
        let answer = route.refuse(refusal, &id);
        let wait = answer.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body()).await.unwrap();
        (status, wait, String::from_utf8(body.to_vec()).unwrap())
    }

    #[actix_web::test]
    async fn a_limit_keeps_the_shape_of_its_route() {
        let text = "Too many attempts. Try again in 3 seconds.";
        let bodies = [
            format!(r#"{{"isSuccessfulRegistration":false,"errors":["{text}"]}}"#),
            text.to_owned(),
            format!(
                r#"{{"isAuthSuccessful":false,"errorMessage":"{text}","token":null,"is2StepVerificationRequired":false,"provider":null}}"#
            ),
            text.to_owned(),
            String::new(),
            format!(r#"{{"errors":["{text}"]}}"#),
        ];
        for ((route, status), body) in ROUTES.into_iter().zip([400, 400, 401, 400, 200, 400]).zip(bodies) {
            let answer = refuse(route, Refusal::Limited(Duration::from_millis(2_100))).await;

            assert_eq!(answer, (status, Some("3".to_owned()), body), "{route:?}");
        }
    }

    #[actix_web::test]
    async fn a_fault_is_told_as_busy_and_never_what_it_was() {
        for route in ROUTES {
            let fault = Refusal::Fault(anyhow::anyhow!("the secret cause"));
            let (status, wait, body) = refuse(route, fault).await;

            assert!([200, 400, 401].contains(&status), "{route:?}");
            assert_eq!(wait.as_deref(), Some("5"));
            assert!(!body.contains("secret"));
            assert!(
                route == Route::ForgotPassword
                    || body.contains("The service is busy. Try again in 5 seconds.")
            );
        }
    }

    #[actix_web::test]
    async fn a_malformed_login_is_a_400_text_and_a_refused_one_a_401_object() {
        let malformed = refuse(Route::Login, Refusal::Malformed(vec!["Email is required.".to_owned()])).await;
        let spent = LoginError::TooManyCodes(Busy { retry_after: Duration::from_mins(1) });
        let (status, wait, body) = refuse(Route::Login, spent.into()).await;

        assert_eq!(malformed, (400, None, "Email is required.".to_owned()));
        assert_eq!((status, wait.as_deref()), (401, Some("60")));
        assert!(body.contains("Too many codes were sent. Try again later."));
    }
}
