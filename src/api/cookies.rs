//! The cookies of a browser: its open challenges (the article's face), its refresh token (`?session=cookie`), that its
//! owner has signed in with it before, and that they asked to be spared the second step in it.

use std::sync::Arc;

use actix_session::config::{CookieContentSecurity, PersistentSession, SessionMiddlewareBuilder};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, Key, SameSite};
use actix_web::{HttpRequest, HttpResponseBuilder};
use log::warn;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::browser_store::BrowserStore;
use crate::auth::DeviceToken;

/// Name of the cookie that keeps challenges.
pub(super) const SESSION: &str = "twostep_session";
const CHALLENGES: &str = "challenges";
/// Name of the cookie that keeps a refresh token.
pub(super) const SIGNED_IN: &str = "twostep_signed_in";
const REFRESH: &str = "refresh";
const DEVICES: &str = "twostep_devices";
const KNOWN_BROWSER: &str = "twostep_known";
const A_YEAR: Duration = Duration::days(365);

/// As many as are tried without a challenge id.
const KEPT_CHALLENGES: usize = 3;

/// People who share a browser.
const KEPT_DEVICES: usize = 4;

/// No cookie is sent to the pages: only the full API reads these.
const FULL_API: &str = "/api/v1";

/// How browser sessions are kept. Cheap to clone.
#[derive(Clone)]
pub struct BrowserSessions {
    key: Arc<Zeroizing<[u8; 64]>>,
    store: BrowserStore,
    secure: bool,
    refresh_idle: Duration,
}

impl BrowserSessions {
    /// Sessions in cookies that are encrypted under `key`; their state is in Redis if there is a `redis` URL. A refresh token is
    /// kept as long as it may idle.
    #[must_use]
    pub fn new(
        key: Zeroizing<[u8; 64]>,
        redis: Option<SecretString>,
        secure: bool,
        refresh_idle: std::time::Duration,
    ) -> Self {
        let store = redis.map(BrowserStore::in_redis).unwrap_or_default();
        let refresh_idle = Duration::try_from(refresh_idle).unwrap_or(Duration::MAX);
        Self { key: Arc::new(key), store, secure, refresh_idle }
    }

    /// Whether cookies are `Secure`.
    pub(super) fn are_secure(&self) -> bool {
        self.secure
    }

    /// The session of the open challenges, which ends with the browser.
    pub(super) fn challenges(&self) -> SessionMiddleware<BrowserStore> {
        self.kept().cookie_name(SESSION.to_owned()).cookie_path("/".to_owned()).build()
    }

    /// The session of the refresh token, which outlives the browser. One of its own, so that whoever opens a challenge
    /// meanwhile does not write an older token back.
    pub(super) fn signed_in(&self) -> SessionMiddleware<BrowserStore> {
        self.kept()
            .cookie_name(SIGNED_IN.to_owned())
            .cookie_path(FULL_API.to_owned())
            .session_lifecycle(PersistentSession::default().session_ttl(self.refresh_idle))
            .build()
    }

    fn kept(&self) -> SessionMiddlewareBuilder<BrowserStore> {
        SessionMiddleware::builder(self.store.clone(), Key::from(&**self.key))
            .cookie_content_security(CookieContentSecurity::Private)
            .cookie_http_only(true)
            .cookie_same_site(SameSite::Strict)
            .cookie_secure(self.secure)
    }
}

/// The refresh token of this browser.
pub(super) fn refresh_token(session: &Session) -> Option<String> {
    session.get(REFRESH).ok().flatten()
}

/// Keeps a refresh token; the session gets another key with it, so that nobody goes on with one that was planted.
pub(super) fn keep_refresh_token(session: &Session, token: &str) {
    if session.insert(REFRESH, token).is_err() {
        warn!("a refresh token could not be kept in a session cookie");
    }
    session.renew();
}

/// Tokens of remembered devices in this browser, newest first, and one that another client shows in a body.
pub(super) fn devices(request: &HttpRequest, shown: Option<String>) -> Vec<String> {
    let kept = request.cookie(DEVICES);
    let kept = kept.iter().flat_map(|cookie| cookie.value().split('.'));
    shown
        .into_iter()
        .chain(kept.filter(|token| !token.is_empty()).map(str::to_owned))
        .take(KEPT_DEVICES)
        .collect()
}

/// Adds a remembered device to this browser's; the oldest one gives way.
pub(super) fn keep_device(
    answer: &mut HttpResponseBuilder,
    request: &HttpRequest,
    device: &DeviceToken,
    lifetime: std::time::Duration,
    secure: bool,
) {
    let mut tokens = devices(request, None);
    tokens.retain(|token| !device.replaces.contains(token));
    tokens.insert(0, device.token.clone());
    tokens.truncate(KEPT_DEVICES);
    tokens.retain(|token| token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    let cookie = Cookie::build(DEVICES, tokens.join("."))
        .path(FULL_API)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(secure)
        .max_age(Duration::try_from(lifetime).unwrap_or(A_YEAR))
        .finish();
    answer.cookie(cookie);
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

#[cfg(test)]
mod tests {
    use actix_web::http::header::SET_COOKIE;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::web::{self, Path};
    use actix_web::{App, HttpResponse};

    use super::*;
    use crate::clock::Timestamp;

    fn sessions(secure: bool) -> BrowserSessions {
        BrowserSessions::new(Zeroizing::new([7; 64]), None, secure, std::time::Duration::from_hours(24))
    }

    /// A browser's walk over `paths`: what each answer set as cookies, and what the last one said.
    async fn walk(secure: bool, paths: &[&str]) -> (Vec<Vec<String>>, Vec<String>) {
        let open = |session: Session, id: Path<String>| async move {
            remember_challenge(&session, &id);
            HttpResponse::Ok().json(open_challenges(&session))
        };
        let look = |session: Session| async move { HttpResponse::Ok().json(open_challenges(&session)) };
        let sign_in = move |session: Session| async move {
            forget_challenges(&session);
            let mut answer = HttpResponse::Ok();
            mark_browser(&mut answer, "opaque".to_owned(), secure);
            answer.json(open_challenges(&session))
        };
        let app = App::new()
            .route("/open/{id}", web::get().to(open))
            .route("/look", web::get().to(look))
            .route("/signin", web::get().to(sign_in))
            .wrap(sessions(secure).challenges());
        let app = init_service(app).await;
        let mut jar = std::collections::BTreeMap::new();
        let mut set = Vec::new();
        let mut said = Vec::new();
        for path in paths {
            let request =
                jar.iter().fold(TestRequest::with_uri(path), |request, (name, value): (&String, &String)| {
                    request.cookie(Cookie::new(name.clone(), value.clone()))
                });
            let answer = call_service(&app, request.to_request()).await;
            let lines = answer.headers().get_all(SET_COOKIE).map(|line| line.to_str().unwrap().to_owned());
            set.push(lines.collect::<Vec<_>>());
            for cookie in answer.response().cookies() {
                let cookie = Cookie::parse_encoded(cookie.to_string()).unwrap();
                jar.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
            said = read_body_json(answer).await;
        }
        (set, said)
    }

    #[actix_web::test]
    async fn a_browser_keeps_its_three_newest_challenges() {
        let (_, challenges) = walk(false, &["/open/a", "/open/b", "/open/c", "/open/d", "/look"]).await;

        assert_eq!(challenges, ["d", "c", "b"]);
    }

    #[actix_web::test]
    async fn a_sign_in_takes_the_challenges_away_and_marks_the_browser() {
        let (set, challenges) = walk(false, &["/open/a", "/signin", "/look"]).await;

        assert!(challenges.is_empty());
        assert_eq!(set[1].len(), 2);
        assert!(set[1].iter().any(|line| line.starts_with("twostep_known=opaque")));
        assert!(set[2].is_empty(), "only a change sets a cookie");
    }

    #[actix_web::test]
    async fn cookies_are_closed_to_scripts_and_other_sites() {
        for secure in [false, true] {
            let (set, _) = walk(secure, &["/open/secret-id", "/signin"]).await;

            for line in set.iter().flatten() {
                let same_site =
                    if line.starts_with("twostep_known") { "SameSite=Lax" } else { "SameSite=Strict" };
                assert!(line.contains("HttpOnly") && line.contains(same_site), "{line}");
                assert!(line.contains("Path=/") && !line.contains("Domain"), "{line}");
                assert_eq!(line.contains("Secure"), secure, "{line}");
                assert!(!line.contains("secret-id"), "{line}");
            }
            assert!(set[1].iter().any(|line| line.contains("Max-Age=31536000")));
        }
    }

    #[test]
    fn the_cookie_of_devices_is_closed_and_holds_nothing_but_tokens() {
        for secure in [false, true] {
            let request = TestRequest::default().cookie(Cookie::new(DEVICES, "abc.old.<script>.d_e-f"));
            let device = DeviceToken {
                token: "new".to_owned(),
                expires_at: Timestamp::from_millis(0),
                replaces: vec!["old".to_owned()],
            };
            let mut answer = HttpResponse::Ok();

            let hour = std::time::Duration::from_hours(1);
            keep_device(&mut answer, &request.to_http_request(), &device, hour, secure);

            let answer = answer.finish();
            let line = answer.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
            assert!(line.starts_with("twostep_devices=new.abc.d_e-f;"), "{line}");
            for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1", "Max-Age=3600"] {
                assert!(line.contains(part), "{part} in {line}");
            }
            assert_eq!(line.contains("Secure"), secure, "{line}");
        }
    }

    #[actix_web::test]
    async fn a_sign_in_without_challenges_leaves_the_session_alone() {
        let (set, _) = walk(false, &["/signin"]).await;

        assert_eq!(set[0].len(), 1);
    }
}
