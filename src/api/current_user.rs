//! Who a request with an access token speaks for (RFC 6750).

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use futures_util::future::LocalBoxFuture;
use log::{debug, error};

use super::State;
use super::work::Deadline;
use crate::token::Claims;

/// Seconds.
const AFTER_A_FAULT: &str = "5";

/// The bearer of a valid access token.
#[derive(Clone, Debug)]
pub struct CurrentUser(Arc<Claims>);

impl CurrentUser {
    /// The claims of the token.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.0
    }

    /// Lets only a user with that role go on.
    ///
    /// # Errors
    /// [`Denied::Forbidden`]
    pub fn require_role(&self, role: &str) -> Result<(), Denied> {
        if self.0.roles.iter().any(|held| held == role) { Ok(()) } else { Err(Denied::Forbidden) }
    }
}

/// The bearer of a valid access token whose session has not ended: one more look at the database than [`CurrentUser`], for what a
/// token that has been revoked must not do for the minutes that it still lives.
#[derive(Clone, Debug)]
pub struct SignedInUser(CurrentUser);

impl std::ops::Deref for SignedInUser {
    type Target = CurrentUser;

    fn deref(&self) -> &CurrentUser {
        &self.0
    }
}

/// Why a protected route is not served; the body is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// There is no token.
    NoToken,
    /// The token is not accepted.
    InvalidToken,
    /// The user may not do this.
    Forbidden,
    /// Nobody can tell now: the database is away.
    Unavailable,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoToken => "no token",
            Self::InvalidToken => "invalid token",
            Self::Forbidden => "forbidden",
            Self::Unavailable => "unavailable",
        })
    }
}

impl Denied {
    /// The value of `WWW-Authenticate` (RFC 6750 section 3).
    pub(super) fn challenge(self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some("Bearer"),
            Self::InvalidToken => Some("Bearer error=\"invalid_token\""),
            Self::Forbidden | Self::Unavailable => None,
        }
    }
}

impl ResponseError for Denied {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if let Some(challenge) = self.challenge() {
            answer.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        }
        if self == &Self::Unavailable {
            answer.insert_header((RETRY_AFTER, HeaderValue::from_static(AFTER_A_FAULT)));
        }
        answer.finish()
    }
}

impl FromRequest for CurrentUser {
    type Error = Denied;
    type Future = Ready<Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(identify(request))
    }
}

impl FromRequest for SignedInUser {
    type Error = Denied;
    type Future = LocalBoxFuture<'static, Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (user, state) = (identify(request), request.app_data::<Data<State>>().cloned());
        Box::pin(async move {
            let (user, state) = (user?, state.ok_or(Denied::InvalidToken)?);
            let deadline = Deadline::after(state.server.request_timeout.0);
            match deadline.hold(state.auth.is_signed_in(user.claims())).await {
                Some(Ok(true)) => Ok(Self(user)),
                Some(Ok(false)) => Err(Denied::InvalidToken),
                None => Err(Denied::Unavailable),
                Some(Err(fault)) => {
                    error!(error:% = fault; "nobody can tell whether a session lives");
                    Err(Denied::Unavailable)
                }
            }
        })
    }
}

pub(super) fn identify(request: &HttpRequest) -> Result<CurrentUser, Denied> {
    let mut lines = request.headers().get_all(AUTHORIZATION);
    let line = lines.next().ok_or(Denied::NoToken)?;
    if lines.next().is_some() {
        return Err(Denied::InvalidToken);
    }
    let token = bearer(line).ok_or(Denied::NoToken)?;
    let state = request.app_data::<Data<State>>().ok_or(Denied::InvalidToken)?;
    state.tokens.verify(token).map(CurrentUser).map_err(|rejected| {
        debug!(cause:% = rejected; "an access token was refused");
        Denied::InvalidToken
    })
}

/// The token after the scheme, whose case does not matter (RFC 9110 section 11.1).
fn bearer(line: &HeaderValue) -> Option<&str> {
    let (scheme, token) = line.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_found_whatever_its_case() {
        for line in ["Bearer abc", "bearer abc", "BEARER  abc "] {
            assert_eq!(bearer(&HeaderValue::from_static(line)), Some("abc"), "{line}");
        }
        for line in ["Basic abc", "abc", "Bearer", ""] {
            assert_eq!(bearer(&HeaderValue::from_static(line)), None, "{line}");
        }
    }

    #[test]
    fn a_denial_has_an_empty_body_and_names_the_scheme() {
        let denied = Denied::InvalidToken.error_response();

        assert_eq!(denied.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(denied.headers().get(WWW_AUTHENTICATE).unwrap(), "Bearer error=\"invalid_token\"");
        assert_eq!(Denied::Forbidden.error_response().status(), StatusCode::FORBIDDEN);
    }
}
