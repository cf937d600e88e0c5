//! The general table: problem+json (RFC 9457).

use std::fmt;
use std::time::Duration;

use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use log::error;
use serde_json::Value;

use super::body::{FieldBody, Hint, ProblemBody};
use super::seconds;
use crate::api::current_user::Denied;
use crate::api::server::RequestId;
use crate::auth::FieldError;

/// Why a request gets no ordinary answer.
#[derive(Debug)]
pub(in crate::api) enum Problem {
    /// There is nothing at this path.
    NotFound,
    /// There is, but not for this method.
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: &'static str,
    },
    /// The body is no JSON object.
    Malformed,
    /// The body is something else, or compressed.
    UnsupportedMediaType,
    /// The body is too large.
    TooLarge,
    /// What is wrong with which member.
    Invalid(Vec<FieldError>),
    /// The client's address asks too often.
    Limited(Duration),
    /// Overload, or a dependency is away.
    Busy(Duration),
    /// A fault; it is logged when it is answered.
    Fault(anyhow::Error),
    /// Unknown user, wrong password, locked or disabled account: alike.
    InvalidCredentials,
    /// The password was right.
    EmailNotConfirmed,
    /// There is no provider that the user could use.
    NoValidProvider,
    /// The provider is unknown or not valid for this user.
    InvalidProvider,
    /// It is not the code.
    InvalidCode {
        /// Guesses that are still judged.
        attempts_left: u32,
        /// It is a code of the authenticator at another time.
        is_near: bool,
        /// What the contract gives the route.
        status: StatusCode,
    },
    /// The challenge has been used, closed, has expired, or has had its guesses.
    ChallengeClosed,
    /// The account has had its wrong codes.
    TooManyAttempts(Duration),
    /// The destination got a message a moment ago.
    ResendTooSoon(Duration),
    /// The challenge, or the destination, has had its messages.
    TooManySends(Duration),
    /// Unknown, run out, used before, or of a session that has ended: alike.
    InvalidRefreshToken,
    /// A link's token: wrong, used, expired: alike.
    InvalidToken,
    /// There is no access token, or none that is accepted.
    Unauthorized(Denied),
    /// The sign-in is too old, or passed no second step.
    ReauthenticationRequired,
    /// `?session=cookie` without an `Origin` that is allowed.
    OriginRequired,
}

/// A row of the table.
type Row = (StatusCode, &'static str, &'static str);

impl Problem {
    /// The table: status, code, detail.
    fn row(&self) -> Row {
        use StatusCode as S;
        match self {
            Self::NotFound => (S::NOT_FOUND, "not_found", "There is nothing at this path."),
            Self::MethodNotAllowed { .. } => (
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This path does not take this method; see the Allow header.",
            ),
            Self::Malformed => (S::BAD_REQUEST, "malformed_request", "The body must be a JSON object."),
            Self::UnsupportedMediaType => (
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be JSON, with content-type application/json and not compressed.",
            ),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is too large."),
            Self::Invalid(_) => {
                (S::UNPROCESSABLE_ENTITY, "validation_failed", "Some members are not what they should be.")
            }
            Self::Limited(_) => {
                (S::TOO_MANY_REQUESTS, "rate_limited", "There were too many requests from this address.")
            }
            Self::Busy(_) | Self::Fault(_) | Self::Unauthorized(Denied::Unavailable) => {
                (S::SERVICE_UNAVAILABLE, "service_unavailable", "The service is busy. Try again soon.")
            }
            Self::InvalidCredentials => {
                (S::UNAUTHORIZED, "invalid_credentials", "The email address or the password is wrong.")
            }
            Self::EmailNotConfirmed => {
                (S::FORBIDDEN, "email_not_confirmed", "The email address has not been confirmed yet.")
            }
            Self::NoValidProvider => {
                (S::CONFLICT, "no_valid_provider", "There is no way to get a code to this user.")
            }
            Self::InvalidProvider => (
                S::UNPROCESSABLE_ENTITY,
                "invalid_provider",
                "The provider is unknown or not valid for this user.",
            ),
            Self::InvalidCode { status, is_near: false, .. } => {
                (*status, "invalid_code", "The code is wrong.")
            }
            Self::InvalidCode { status, is_near: true, .. } => {
                (*status, "invalid_code", "The code belongs to another time: check the clock of the device.")
            }
            Self::ChallengeClosed => {
                (S::GONE, "challenge_closed", "This can no longer be verified. Start again.")
            }
            Self::TooManyAttempts(_) => {
                (S::TOO_MANY_REQUESTS, "too_many_attempts", "There were too many wrong codes.")
            }
            Self::ResendTooSoon(_) => {
                (S::TOO_MANY_REQUESTS, "resend_too_soon", "A code was sent a moment ago.")
            }
            Self::TooManySends(_) => {
                (S::TOO_MANY_REQUESTS, "too_many_sends", "No more codes are sent for now.")
            }
            Self::InvalidRefreshToken => {
                (S::UNAUTHORIZED, "invalid_refresh_token", "The session has ended. Log in again.")
            }
            Self::InvalidToken => {
                (S::BAD_REQUEST, "invalid_token", "The link is wrong, was used before, or has expired.")
            }
            Self::Unauthorized(Denied::Forbidden) => {
                (S::FORBIDDEN, "forbidden", "This user may not do this.")
            }
            Self::Unauthorized(Denied::NoToken | Denied::InvalidToken) => {
                (S::UNAUTHORIZED, "unauthorized", "A valid access token is needed.")
            }
            Self::OriginRequired => (
                S::FORBIDDEN,
                "origin_required",
                "A session in a cookie is only for pages of this server and of allowed origins.",
            ),
            Self::ReauthenticationRequired => (
                S::FORBIDDEN,
                "reauthentication_required",
                "This needs a fresh sign-in, with the second step where it is on.",
            ),
        }
    }

    /// How long to wait, where waiting helps.
    fn wait(&self) -> Option<u64> {
        const AFTER_A_FAULT: Duration = Duration::from_secs(5);
        match self {
            Self::Limited(wait)
            | Self::Busy(wait)
            | Self::TooManyAttempts(wait)
            | Self::ResendTooSoon(wait)
            | Self::TooManySends(wait) => Some(seconds(*wait)),
            Self::Fault(_) => Some(seconds(AFTER_A_FAULT)),
            Self::NotFound
            | Self::MethodNotAllowed { .. }
            | Self::Malformed
            | Self::UnsupportedMediaType
            | Self::TooLarge
            | Self::Invalid(_)
            | Self::InvalidCredentials
            | Self::EmailNotConfirmed
            | Self::NoValidProvider
            | Self::InvalidProvider
            | Self::InvalidCode { .. }
            | Self::ChallengeClosed
            | Self::InvalidRefreshToken
            | Self::InvalidToken
            | Self::Unauthorized(_)
            | Self::ReauthenticationRequired
            | Self::OriginRequired => None,
        }
    }

    /// The answer; a fault is told to the operator with the id of its request.
    pub(in crate::api) fn answer(&self, id: &RequestId) -> HttpResponse {
        if let Self::Fault(fault) = self {
            error!(request_id:% = id, cause:% = format_args!("{fault:#}"); "a request failed");
        }
        self.error_response()
    }

    fn body(&self) -> ProblemBody {
        let (status, code, detail) = self.row();
        let mut body = ProblemBody {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail,
            code,
            retry_after: self.wait(),
            attempts_left: None,
            hint: None,
            errors: None,
        };
        if let Self::InvalidCode { attempts_left, is_near, .. } = self {
            body.attempts_left = Some(*attempts_left);
            body.hint = is_near.then_some(Hint::ClockSkew);
        }
        if let Self::Invalid(faults) = self {
            body.errors = Some(faults.iter().map(FieldBody::from).collect());
        }
        body
    }

    /// What the document says of it.
    pub(in crate::api) fn told(&self) -> Told {
        let (status, code, detail) = self.row();
        let body = serde_json::to_value(self.body()).unwrap_or_default();
        Told { status: status.as_u16(), code, detail, body }
    }
}

/// A problem in the document.
pub(in crate::api) struct Told {
    pub(in crate::api) status: u16,
    pub(in crate::api) code: &'static str,
    pub(in crate::api) detail: &'static str,
    /// An example.
    pub(in crate::api) body: Value,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().1)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.row().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.row().0);
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
        if let Some(wait) = self.wait() {
            answer.insert_header((RETRY_AFTER, wait));
        }
        if let Self::MethodNotAllowed { allow } = self {
            answer.insert_header((ALLOW, HeaderValue::from_static(allow)));
        }
        if let Self::Unauthorized(denied) = self
            && let Some(challenge) = denied.challenge()
        {
            answer.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        }
        answer.json(self.body())
    }
}

impl Responder for Problem {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}

/// The answer to a method that a resource has no route for: OPTIONS tells the methods, any other is a problem.
pub(in crate::api) fn other_method(method: &Method, allow: &'static str) -> HttpResponse {
    if *method == Method::OPTIONS {
        HttpResponse::NoContent().insert_header((ALLOW, HeaderValue::from_static(allow))).finish()
    } else {
        Problem::MethodNotAllowed { allow }.error_response()
    }
}
#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn a_problem_has_the_five_members_and_its_media_type() {
        let answer = Problem::NotFound.error_response();

        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), "application/problem+json");
        let body: serde_json::Value =
            serde_json::from_slice(&to_bytes(answer.into_body()).await.unwrap()).unwrap();
        let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["type", "title", "status", "detail", "code"]);
        assert_eq!(body["status"], 404);
        assert_eq!(body["code"], "not_found");
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let refused = other_method(&Method::DELETE, "GET, HEAD");
        let asked = other_method(&Method::OPTIONS, "POST");

        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.headers().get(ALLOW).unwrap(), "GET, HEAD");
        assert_eq!(asked.status(), StatusCode::NO_CONTENT);
        assert_eq!(asked.headers().get(ALLOW).unwrap(), "POST");
    }
}
