//! How a client carries its refresh token: in bodies, or with `?session=cookie` in a cookie that no script reads.

use std::time::Duration;

use actix_session::{Session, SessionExt as _};
use actix_web::http::header::ORIGIN;
use url::form_urlencoded;

use crate::api::browser_store::is_away;
use crate::api::call::Call;
use crate::api::cookies;
use crate::api::error::Problem;
use crate::auth::FieldError;

/// When a store that is away is asked again.
const SOON: Duration = Duration::from_secs(1);

/// How a client carries its refresh token.
pub(super) enum Carriage {
    /// In bodies.
    Body,
    /// In the cookie of this session.
    Cookie(Session),
}

impl Carriage {
    /// What the query asks for. The cookie is only for pages whose origin is allowed: whoever sends no `Origin` is no page
    /// (Fetch standard, section 3.2).
    pub(super) fn of(call: &Call) -> Result<Self, Problem> {
        if !wants_cookie(call.request().query_string())? {
            return Ok(Self::Body);
        }
        if origin(call) != Origin::Allowed {
            return Err(Problem::OriginRequired);
        }
        Ok(Self::Cookie(call.request().get_session()))
    }

    /// Takes a new token into the cookie; gives it back where it belongs in the body.
    pub(super) fn take(&self, refresh_token: String) -> Option<String> {
        match self {
            Self::Body => Some(refresh_token),
            Self::Cookie(session) => {
                cookies::keep_refresh_token(session, &refresh_token);
                None
            }
        }
    }
}

/// The session of the browser that asks to be logged out, and its token. Whoever sends an `Origin` that is not allowed
/// may not use it.
pub(super) fn browser_to_log_out(call: &Call) -> Result<(Session, Option<String>), Problem> {
    let session = call.request().get_session();
    let token = kept(&session)?;
    if token.is_some() && origin(call) == Origin::Foreign {
        return Err(Problem::OriginRequired);
    }
    Ok((session, token))
}

/// The refresh token of a session; a problem if nobody can tell now.
pub(super) fn kept(session: &Session) -> Result<Option<String>, Problem> {
    if is_away(session) {
        return Err(Problem::Busy(SOON));
    }
    Ok(cookies::refresh_token(session))
}

/// Whether the query has `session=cookie`.
pub(super) fn wants_cookie(query: &str) -> Result<bool, Problem> {
    let mut asked = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "session");
    match (asked.next(), asked.next()) {
        (None, _) => Ok(false),
        (Some((_, value)), None) if value == "cookie" => Ok(true),
        (Some(_), _) => {
            let message = "session must be cookie, or absent.".to_owned();
            Err(Problem::Invalid(vec![FieldError { field: "session", code: "invalid", message }]))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Absent,
    Allowed,
    Foreign,
}

fn origin(call: &Call) -> Origin {
    let mut lines = call.request().headers().get_all(ORIGIN);
    match (lines.next(), lines.next()) {
        (None, _) => Origin::Absent,
        (Some(line), None) if call.state.origins.names(line.as_bytes()) => Origin::Allowed,
        (Some(_), _) => Origin::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_word_asks_for_the_cookie() {
        assert!(wants_cookie("session=cookie").unwrap());
        assert!(wants_cookie("a=b&session=cookie").unwrap());
        assert!(!wants_cookie("").unwrap());
        assert!(!wants_cookie("Session=cookie").unwrap());
        for query in ["session", "session=", "session=body", "session=cookie&session=cookie"] {
            assert!(matches!(wants_cookie(query), Err(Problem::Invalid(_))), "{query}");
        }
    }
}
