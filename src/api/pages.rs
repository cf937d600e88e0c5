//! The built-in pages and their files, compiled into the binary.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use actix_web::web::{Bytes, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponseBuilder};
use rust_embed::RustEmbed;

use super::error::Problem;
use super::{read_only, server};
use crate::vault;

/// Everything in `static/`.
#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// Where each page is served, its title, and its file in `static/pages/`.
const PAGES: [(&str, &str, &str); 11] = [
    ("/", "Try it", "home"),
    ("/authentication/login", "Log in", "login"),
    ("/authentication/register", "Register", "register"),
    ("/authentication/twostepverification", "Two-step verification", "twostepverification"),
    ("/authentication/forgotpassword", "Forgot password", "forgotpassword"),
    ("/authentication/resetpassword", "Reset password", "resetpassword"),
    ("/authentication/emailconfirmation", "Email confirmation", "emailconfirmation"),
    ("/company/companies", "Companies", "companies"),
    ("/privacy", "Privacy", "privacy"),
    ("/forbidden", "Forbidden", "forbidden"),
    ("/404", "Not found", "notfound"),
];

const INBOX: (&str, &str, &str) = ("/dev/inbox", "Dev inbox", "inbox");

/// Adds the pages, each on its own path, and their scripts and styles.
pub(super) fn configure(config: &mut ServiceConfig, with_inbox: bool) {
    let inbox = with_inbox.then_some(INBOX);
    for (path, title, name) in PAGES.into_iter().chain(inbox) {
        let page = Page::assemble(title, name, with_inbox);
        config.service(read_only(path, move |request: HttpRequest| {
            let answer = page.answer(&request);
            async move { answer }
        }));
    }
    config.service(read_only("/assets/{name:.+}", asset));
}

/// Whether there is a page at `path`.
pub(super) fn has(path: &str) -> bool {
    PAGES.iter().any(|(page, ..)| *page == path)
}

/// A page, ready to be sent.
#[derive(Clone)]
struct Page {
    html: Bytes,
    tag: HeaderValue,
}

impl Page {
    /// Puts the page `name` into the layout. The link to the inbox is only there where there is one.
    fn assemble(title: &str, name: &str, with_inbox: bool) -> Self {
        let inbox = if with_inbox { r#"<a href="/dev/inbox">Dev inbox</a>"# } else { "" };
        let script = format!("assets/pages/{name}.js");
        let script =
            Files::get(&script).map(|_| format!(r#"<script type="module" src="/{script}"></script>"#));
        let html = file("layout.html")
            .replace("<!-- title -->", title)
            .replace("<!-- script -->", &script.unwrap_or_default())
            .replace("<!-- inbox -->", inbox)
            .replace("<!-- main -->", &file(&format!("pages/{name}.html")));
        let tag = tag(&vault::digest(&html));
        Self { html: Bytes::from(html), tag }
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        send(request, self.html.clone(), &self.tag, "text/html; charset=utf-8", server::dress_page)
    }
}

/// The page of the file `name` in a layout without script and menu. Its title is its heading.
pub(super) fn plain(language: &str, name: &str) -> String {
    let main = file(name);
    let heading = main.split_once("<h1>").and_then(|(_, rest)| rest.split_once("</h1>"));
    file("plain.html")
        .replace("<!-- lang -->", language)
        .replace("<!-- title -->", heading.map_or("", |(title, _)| title))
        .replace("<!-- main -->", &main)
}

/// A file of `static/` as text; empty if there is none, which a test rules out.
fn file(path: &str) -> String {
    Files::get(path).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default()
}

async fn asset(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Problem> {
    let file = Files::get(&format!("assets/{name}")).ok_or(Problem::NotFound)?;
    let tag = tag(&hex::encode(file.metadata.sha256_hash()));
    Ok(send(&request, Bytes::from(file.data.into_owned()), &tag, media_type(&name), |_| {}))
}

fn send(
    request: &HttpRequest,
    body: Bytes,
    tag: &HeaderValue,
    media_type: &'static str,
    dress: impl Fn(&mut HttpResponseBuilder),
) -> HttpResponse {
    let is_known = has_tag(request, tag);
    let mut answer = HttpResponse::build(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    dress(&mut answer);
    answer
        .insert_header((ETAG, tag.clone()))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-cache")));
    if is_known {
        return answer.finish();
    }
    answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(media_type))).body(body)
}

fn tag(digest: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{digest}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Whether the client has this very version (RFC 9110 section 13.1.2).
fn has_tag(request: &HttpRequest, tag: &HeaderValue) -> bool {
    let tag = tag.to_str().unwrap_or_default();
    request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, body::MessageBody, dev::ServiceResponse};

    use super::*;

    async fn ask(request: TestRequest, with_inbox: bool) -> ServiceResponse<impl MessageBody> {
        let app = App::new().configure(|config| configure(config, with_inbox));
        call_service(&init_service(app).await, request.to_request()).await
    }

    async fn html(path: &str, with_inbox: bool) -> String {
        let answer = ask(TestRequest::with_uri(path), with_inbox).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        String::from_utf8(read_body(answer).await.to_vec()).unwrap()
    }

    #[actix_web::test]
    async fn every_page_is_whole_and_asks_only_for_files_that_are_there() {
        for (path, title, _) in PAGES.into_iter().chain([INBOX]) {
            let html = html(path, true).await;

            assert!(html.contains(&format!("<title>{title} · twostep</title>")), "{path}");
            assert!(html.contains("<h1>"), "{path}");
            assert!(!html.contains("<!-- "), "{path}");
            for part in html.split('"').filter(|part| part.starts_with("/assets/")) {
                assert!(Files::get(part.trim_start_matches('/')).is_some(), "{path} {part}");
            }
        }
    }

    #[test]
    fn scripts_import_only_files_that_are_there() {
        for name in Files::iter().filter(|name| name.ends_with(".js")) {
            let script = file(&name);
            for part in script.split('"').filter(|part| part.starts_with("/assets/")) {
                assert!(Files::get(part.trim_start_matches('/')).is_some(), "{name} {part}");
            }
        }
    }

    #[actix_web::test]
    async fn no_page_has_scripts_or_styles_of_its_own() {
        for (path, ..) in PAGES.into_iter().chain([INBOX]) {
            let html = html(path, true).await;

            assert!(!html.contains("<style") && !html.contains(" style="), "{path}");
            assert!(!html.contains(" onclick=") && !html.contains("javascript:"), "{path}");
            assert_eq!(html.matches("<script").count(), html.matches("<script type=\"module\" src=").count());
        }
    }

    #[actix_web::test]
    async fn the_inbox_is_there_only_in_development() {
        assert!(html("/", true).await.contains("/dev/inbox"));
        assert!(!html("/", false).await.contains("href=\"/dev/inbox\""));
        assert_eq!(ask(TestRequest::with_uri("/dev/inbox"), false).await.status(), StatusCode::NOT_FOUND);
    }

    #[actix_web::test]
    async fn a_known_version_is_not_sent_again() {
        for path in ["/", "/assets/app.css"] {
            let first = ask(TestRequest::with_uri(path), false).await;
            let tag = first.headers().get(ETAG).unwrap().clone();

            let again = ask(TestRequest::with_uri(path).insert_header((IF_NONE_MATCH, tag)), false).await;
            let other = ask(TestRequest::with_uri(path).insert_header((IF_NONE_MATCH, "\"x\"")), false).await;

            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
            assert_eq!(other.status(), StatusCode::OK, "{path}");
        }
    }

    #[actix_web::test]
    async fn assets_have_their_type_and_nothing_else_is_served() {
        let script = ask(TestRequest::with_uri("/assets/http.js"), false).await;
        assert_eq!(script.headers().get(CONTENT_TYPE).unwrap(), "text/javascript; charset=utf-8");
        for path in
            ["/assets/nothing.js", "/assets/../layout.html", "/assets/%2e%2e/layout.html", "/pages/home.html"]
        {
            assert_eq!(
                ask(TestRequest::with_uri(path), false).await.status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }
}
