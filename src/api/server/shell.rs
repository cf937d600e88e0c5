//! The outermost layer of the app: every answer passes it, whatever made it.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Instant;

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::http::{Method, StatusCode};
use log::Level;
use percent_encoding::percent_decode_str;

use super::Origins;
use super::class::{class_of, method_of};
use super::cors::withhold_cookies;
use super::headers;
use super::path::normalise;
use super::request_id::{self, RequestId};
use crate::api::ServerSettings;
use crate::metrics::Metrics;

/// What is the same for everybody, and told by its tag whether it has changed.
const PUBLIC: [&str; 2] = ["/api/openapi.json", "/api/docs"];

/// Gives a request its id and its normal path, and an answer its headers and its line in the log. Cheap to clone.
#[derive(Clone)]
pub(in crate::api) struct Shell {
    origins: Origins,
    metrics: Metrics,
    https: bool,
}

/// What is kept of a request until its answer is there.
struct Seen {
    id: RequestId,
    method: Method,
    path: Rc<str>,
    start: Instant,
    shell: Shell,
}

impl Shell {
    /// The layer for a server with these settings.
    pub(in crate::api) fn new(settings: &ServerSettings, origins: &Origins, metrics: &Metrics) -> Self {
        Self {
            origins: origins.clone(),
            metrics: metrics.clone(),
            https: settings.public_url.scheme() == "https",
        }
    }

    /// Hands `request` to `next`, and dresses the answer.
    pub(in crate::api) fn around<S, B>(
        &self,
        mut request: ServiceRequest,
        next: &S,
    ) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    {
        normalise(&mut request);
        let seen = Seen {
            id: RequestId::assign(&request),
            method: request.method().clone(),
            path: request.path().into(),
            start: Instant::now(),
            shell: self.clone(),
        };
        let answer = next.call(request);
        async move {
            match answer.await {
                Ok(mut answer) => {
                    seen.note(answer.status());
                    seen.dress(answer.headers_mut());
                    Ok(answer)
                }
                Err(mut error) => {
                    seen.note(error.as_response_error().status_code());
                    error.add_response_mapper(move |mut answer| {
                        seen.dress(answer.headers_mut());
                        answer
                    });
                    Err(error)
                }
            }
        }
    }
}

impl Seen {
    fn dress(&self, headers: &mut HeaderMap) {
        let is_public = PUBLIC.contains(&&*self.path);
        let no_store = !is_public && (self.path.starts_with("/api") || self.path.starts_with("/dev"));
        headers::dress(headers, no_store, self.shell.https);
        withhold_cookies(headers, &self.shell.origins);
        headers.insert(HeaderName::from_static(request_id::NAME), self.id.value());
    }

    /// Counts the answer, and logs one line. Never the query: it may hold a token.
    fn note(&self, status: StatusCode) {
        let took = self.start.elapsed();
        let (method, class) = (method_of(&self.method), class_of(&self.path));
        self.shell.metrics.request(method, class, status.as_u16(), took);
        let level = level(&self.method, status);
        if log::log_enabled!(target: "twostep::access", level) {
            log::log!(
                target: "twostep::access", level,
                method:% = self.method, path:% = told(&self.path), status = status.as_u16(),
                ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                request_id:% = self.id;
                "request"
            );
        }
    }
}

/// A path as the log may have it: what follows these is a secret, however the path is spelt.
fn told(path: &str) -> Cow<'_, str> {
    let plain = percent_decode_str(path).decode_utf8_lossy();
    for root in ["/not-me/", "/api/v1/challenges/"] {
        if let Some(rest) = plain.strip_prefix(root).filter(|rest| !rest.is_empty()) {
            let below = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
            return format!("{root}…{below}").into();
        }
    }
    path.into()
}

/// Reading is frequent and changes nothing: it is told at debug level, unless it failed.
fn level(method: &Method, status: StatusCode) -> Level {
    if method.is_safe() && !status.is_client_error() && !status.is_server_error() {
        Level::Debug
    } else {
        Level::Info
    }
}

#[cfg(test)]
mod tests {
    use actix_web::dev::ServiceResponse;
    use actix_web::http::header::HeaderMap;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, Resource, web};

    use super::*;
    use crate::api::error::Problem;
    use crate::api::server::cors;
    use crate::api::{ServerSettings, resource};

    const ORIGIN: &str = "http://localhost:4200";

    fn route(path: &str) -> Resource {
        resource(path, "GET").route(web::get().to(HttpResponse::Ok))
    }

    async fn ask(public_url: &str, allowed: &str, request: TestRequest) -> ServiceResponse<impl Sized> {
        let settings = ServerSettings::sample(public_url, allowed);
        let origins = Origins::new(&settings);
        let shell = Shell::new(&settings, &origins, &Metrics::default());
        let app = App::new()
            .service(route("/api/accounts/login"))
            .service(route("/page"))
            .default_service(web::to(async || Problem::NotFound))
            .wrap(cors(&origins))
            .wrap_fn(move |request, next| shell.around(request, next));
        call_service(&init_service(app).await, request.to_request()).await
    }

    async fn send(request: TestRequest) -> (u16, HeaderMap) {
        let answer = ask("http://localhost:5001", ORIGIN, request).await;
        (answer.status().as_u16(), answer.headers().clone())
    }

    fn preflight(headers: &str) -> TestRequest {
        TestRequest::with_uri("/api/accounts/login")
            .method(Method::OPTIONS)
            .insert_header(("origin", ORIGIN))
            .insert_header(("access-control-request-method", "POST"))
            .insert_header(("access-control-request-headers", headers))
    }

    fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
        headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[actix_web::test]
    async fn every_answer_has_the_requests_id_and_the_safe_headers() {
        let requests = [
            (200, TestRequest::with_uri("/page")),
            (404, TestRequest::with_uri("/nothing")),
            (405, TestRequest::with_uri("/page").method(Method::DELETE)),
            (204, TestRequest::with_uri("/page").method(Method::OPTIONS)),
            (200, preflight("content-type")),
            (400, preflight("x-unheard-of")),
        ];
        for (expected, request) in requests {
            let (status, headers) = send(request.insert_header(("x-request-id", "my-1"))).await;

            assert_eq!(status, expected);
            assert_eq!(text(&headers, "x-request-id"), "my-1", "{expected}");
            assert_eq!(text(&headers, "x-content-type-options"), "nosniff");
            assert_eq!(text(&headers, "referrer-policy"), "no-referrer");
            assert!(text(&headers, "content-security-policy").contains("frame-ancestors 'none'"));
            assert!(!headers.contains_key("strict-transport-security"));
        }
    }

    #[test]
    fn secrets_in_paths_are_not_told() {
        for (path, shown) in [
            ("/%6eot-me/secret", "/not-me/…"),
            ("/api/v1/challenges/c2VjcmV0/verify", "/api/v1/challenges/…/verify"),
            ("/api/v1/challenges/c2VjcmV0", "/api/v1/challenges/…"),
            ("/not-me/c2VjcmV0", "/not-me/…"),
            ("/not-me/", "/not-me/"),
            ("/api/v1/logins", "/api/v1/logins"),
        ] {
            assert_eq!(told(path), shown);
        }
    }

    #[actix_web::test]
    async fn a_strange_request_id_is_replaced() {
        let request = || TestRequest::with_uri("/page").insert_header(("x-request-id", "a b"));

        let (_, first) = send(request()).await;
        let (_, second) = send(request()).await;

        assert_eq!(text(&first, "x-request-id").len(), 32);
        assert_ne!(text(&first, "x-request-id"), text(&second, "x-request-id"));
    }

    #[actix_web::test]
    async fn nothing_under_api_is_stored_by_a_cache() {
        let (_, api) = send(TestRequest::with_uri("/api/accounts/login")).await;
        let (_, missing) = send(TestRequest::with_uri("/api/v1/nothing")).await;
        let (_, page) = send(TestRequest::with_uri("/page")).await;

        assert_eq!(text(&api, "cache-control"), "no-store");
        assert_eq!(text(&missing, "cache-control"), "no-store");
        assert_eq!(text(&page, "cache-control"), "");
    }

    #[actix_web::test]
    async fn paths_of_the_article_are_routed_whatever_their_case() {
        for path in ["/api/accounts/login", "/API/Accounts/LOGIN", "/api/Accounts/Login/"] {
            assert_eq!(send(TestRequest::with_uri(path)).await.0, 200, "{path}");
        }
        assert_eq!(send(TestRequest::with_uri("/PAGE")).await.0, 404);
    }

    #[actix_web::test]
    async fn errors_carry_the_cors_headers_of_allowed_origins_only() {
        for path in ["/page", "/nothing"] {
            let ask = |origin| send(TestRequest::with_uri(path).insert_header(("origin", origin)));
            let (_, allowed) = ask(ORIGIN).await;
            let (_, own) = ask("http://localhost:5001").await;
            let (_, foreign) = ask("http://evil.example").await;

            assert_eq!(text(&allowed, "access-control-allow-origin"), ORIGIN);
            assert_eq!(text(&own, "access-control-allow-origin"), "http://localhost:5001");
            assert!(text(&allowed, "access-control-expose-headers").contains("retry-after"));
            assert!(!foreign.contains_key("access-control-allow-origin"));
        }
    }

    #[actix_web::test]
    async fn a_preflight_may_ask_for_content_type_authorization_or_both() {
        for headers in ["content-type", "authorization", "authorization,content-type"] {
            let (status, answer) = send(preflight(headers)).await;

            assert_eq!(status, 200, "{headers}");
            assert_eq!(text(&answer, "access-control-allow-origin"), ORIGIN);
            assert!(text(&answer, "access-control-allow-methods").contains("POST"));
        }
    }

    #[actix_web::test]
    async fn with_any_origin_allowed_no_page_may_use_cookies() {
        let request = || TestRequest::with_uri("/page").insert_header(("origin", ORIGIN));

        let any = ask("http://localhost:5001", "*", request()).await;
        let named = ask("http://localhost:5001", ORIGIN, request()).await;

        assert_eq!(text(any.headers(), "access-control-allow-origin"), ORIGIN);
        assert_eq!(text(any.headers(), "access-control-allow-credentials"), "");
        assert_eq!(text(named.headers(), "access-control-allow-credentials"), "true");
    }

    #[actix_web::test]
    async fn an_https_server_asks_to_be_asked_by_https() {
        let answer = ask("https://login.example", ORIGIN, TestRequest::with_uri("/page")).await;

        assert_eq!(text(answer.headers(), "strict-transport-security"), "max-age=31536000");
    }
}
