//! The two cookies of a browser on the article's face: its open challenges, and that its owner has signed in with it before.

use actix_session::config::CookieContentSecurity;
use actix_session::storage::CookieSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, Key, SameSite};
use actix_web::{HttpRequest, HttpResponseBuilder};
use log::warn;

const SESSION: &str = "twostep_session";
const CHALLENGES: &str = "challenges";
const KNOWN_BROWSER: &str = "twostep_known";
const A_YEAR: Duration = Duration::days(365);

/// As many as are tried without a challenge id.
const KEPT_CHALLENGES: usize = 3;

/// The session cookie, encrypted under `key`, which ends with the browser.
pub(super) fn sessions(key: &[u8; 64], secure: bool) -> SessionMiddleware<CookieSessionStore> {
    SessionMiddleware::builder(CookieSessionStore::default(), Key::from(key))
        .cookie_name(SESSION.to_owned())
        .cookie_content_security(CookieContentSecurity::Private)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_secure(secure)
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

#[cfg(test)]
mod tests {
    use actix_web::http::header::SET_COOKIE;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use actix_web::web::{self, Path};
    use actix_web::{App, HttpResponse};

    use super::*;

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
            .wrap(sessions(&[7; 64], secure));
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
                assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax"), "{line}");
                assert!(line.contains("Path=/") && !line.contains("Domain"), "{line}");
                assert_eq!(line.contains("Secure"), secure, "{line}");
                assert!(!line.contains("secret-id"), "{line}");
            }
            assert!(set[1].iter().any(|line| line.contains("Max-Age=31536000")));
        }
    }

    #[actix_web::test]
    async fn a_sign_in_without_challenges_leaves_the_session_alone() {
        let (set, _) = walk(false, &["/signin"]).await;

        assert_eq!(set[0].len(), 1);
    }
}
