//! The two cookies of a browser on the article's face: its open challenges, and that its owner has signed in with it before.

use actix_session::config::CookieContentSecurity;
use actix_session::storage::CookieSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, Key, SameSite};
use actix_web::{HttpRequest, HttpResponseBuilder};
use log::warn;

use super::State;

const SESSION: &str = "twostep_session";
const CHALLENGES: &str = "challenges";
const KNOWN_BROWSER: &str = "twostep_known";
const A_YEAR: Duration = Duration::days(365);

/// As many as are tried without a challenge id.
const KEPT_CHALLENGES: usize = 3;

/// The encrypted session cookie, which ends with the browser.
pub(super) fn sessions(state: &State) -> SessionMiddleware<CookieSessionStore> {
    SessionMiddleware::builder(CookieSessionStore::default(), Key::from(state.cookie_key.as_slice()))
        .cookie_name(SESSION.to_owned())
        .cookie_content_security(CookieContentSecurity::Private)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_secure(state.secure_cookies)
        .cookie_path("/".to_owned())
        .build()
}

/// The challenges that were opened in this browser, newest first.
pub(super) fn open_challenges(session: &Session) -> Vec<String> {
    session.get(CHALLENGES).ok().flatten().unwrap_or_default()
}

/// Adds a challenge to this browser's; the oldest one gives way.
pub(super) fn remember_challenge(session: &Session, id: &str) {
    let mut challenges = open_challenges(session);
    challenges.insert(0, id.to_owned());
    challenges.truncate(KEPT_CHALLENGES);
    if session.insert(CHALLENGES, challenges).is_err() {
        warn!("a challenge could not be kept in a session cookie");
    }
}

/// Takes all challenges out of this browser's session after a sign-in.
pub(super) fn forget_challenges(session: &Session) {
    if session.contains_key(CHALLENGES) {
        session.remove(CHALLENGES);
        session.renew();
    }
}

/// The value of the known-browser cookie, as it came.
pub(super) fn known_browser(request: &HttpRequest) -> Option<String> {
    request.cookie(KNOWN_BROWSER).map(|cookie| cookie.value().to_owned())
}

/// Marks this browser as one that its owner has signed in with.
pub(super) fn mark_browser(answer: &mut HttpResponseBuilder, value: String, secure: bool) {
    let cookie = Cookie::build(KNOWN_BROWSER, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(secure)
        .max_age(A_YEAR)
        .finish();
    answer.cookie(cookie);
}
