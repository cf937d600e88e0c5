mod texts;

use std::collections::BTreeSet;

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, body::MessageBody, dev::ServiceResponse};

use super::*;

const LANGUAGES: [&str; 2] = ["en", "de"];

async fn ask(request: TestRequest, with_inbox: bool) -> ServiceResponse<impl MessageBody> {
    let app = App::new().configure(|config| configure(config, with_inbox));
    call_service(&init_service(app).await, request.to_request()).await
}

async fn html(path: &str, with_inbox: bool) -> String {
    let answer = ask(TestRequest::with_uri(path), with_inbox).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    String::from_utf8(read_body(answer).await.to_vec()).unwrap()
}

fn scripts() -> impl Iterator<Item = (String, String)> {
    let is_script = |name: &str| media_type(name).starts_with("text/javascript") && !name.contains("/i18n/");
    Files::iter().filter(move |name| is_script(name)).map(|name| (name.to_string(), file(&name)))
}

/// Every quoted text in `source` that follows `before`.
fn quoted<'a>(source: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    source.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

#[actix_web::test]
async fn every_page_is_whole_and_asks_only_for_files_that_are_there() {
    let prefix = format!("/assets/{}/", version());
    for (path, title, _) in PAGES.into_iter().chain([INBOX]) {
        let html = html(path, true).await;

        assert!(html.contains(&format!("<title>{title} · twostep</title>")), "{path}");
        assert_eq!(html.matches("<h1").count(), 1, "{path}");
        assert!(html.contains(&format!(">{title}</h1>")), "{path}: another title than its heading");
        assert!(!html.contains("<!-- "), "{path}");
        for part in html.split('"').filter(|part| part.starts_with("/assets/")) {
            let name = part.strip_prefix(&prefix).unwrap_or_else(|| panic!("{path} {part}: no version"));
            assert!(Files::get(&format!("assets/{name}")).is_some(), "{path} {part}");
        }
    }
}

#[actix_web::test]
async fn ids_are_unique_and_what_names_one_finds_it() {
    for (path, ..) in PAGES.into_iter().chain([INBOX]) {
        let html = html(path, true).await;
        let ids: Vec<_> = quoted(&html, " id=\"").collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        let named = [" for=\"", " aria-describedby=\"", " aria-labelledby=\"", " href=\"#"];

        assert_eq!(ids.len(), unique.len(), "{path} {ids:?}");
        for id in named.iter().flat_map(|name| quoted(&html, name)) {
            assert!(unique.contains(&id), "{path} {id}");
        }
    }
}

#[actix_web::test]
async fn every_link_leads_to_a_page() {
    for (path, ..) in PAGES.into_iter().chain([INBOX]) {
        for target in quoted(&html(path, true).await, " href=\"") {
            let is_there = has(target) || target == INBOX.0;
            assert!(is_there || target.starts_with("/assets/") || target == "#main", "{path} {target}");
        }
    }
}

#[test]
fn scripts_import_only_files_that_are_there() {
    for (name, script) in scripts() {
        let folder = name.rsplit_once('/').unwrap().0;
        for from in quoted(&script, " from \"") {
            let imported = match from.strip_prefix("../") {
                Some(rest) => format!("assets/{rest}"),
                None => format!("{folder}/{}", from.strip_prefix("./").unwrap()),
            };
            assert!(Files::get(&imported).is_some(), "{name} {from}");
        }
    }
}

#[actix_web::test]
async fn a_page_asks_for_all_its_scripts_at_once() {
    let login = html("/authentication/login", true).await;
    let step = html("/authentication/twostepverification", true).await;
    let asked = |html: &str, name: &str| html.matches(&format!("/{name}.js\"")).count();

    for name in ["frame", "form", "dom", "texts", "i18n", "http", "session", "pages/login"] {
        assert_eq!(asked(&login, name), 1, "{name}");
    }
    assert_eq!((asked(&login, "challenge"), asked(&step, "challenge")), (0, 1));
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

#[test]
fn scripts_write_no_markup_and_keep_no_token() {
    for (name, script) in scripts() {
        for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"] {
            assert!(!script.contains(word), "{name} {word}");
        }
        let is_keeper = name == "assets/session.js";
        assert!(
            is_keeper || !script.contains("localStorage") && !script.contains("sessionStorage"),
            "{name}"
        );
    }
}

#[actix_web::test]
async fn the_inbox_is_there_only_in_development() {
    assert!(html("/", true).await.contains("/dev/inbox"));
    assert!(!html("/", false).await.contains("/dev/inbox"));
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
async fn only_a_file_of_this_very_version_is_kept_for_good() {
    let caching = async |path: &str| {
        let answer = ask(TestRequest::with_uri(path), false).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.headers().get(CACHE_CONTROL).unwrap().clone()
    };

    assert_eq!(caching(&format!("/assets/{}/app.css", version())).await, FOR_GOOD);
    for path in ["/assets/app.css", "/assets/0123456789abcdef/app.css", "/", "/authentication/login"] {
        assert_eq!(caching(path).await, ASK_AGAIN, "{path}");
    }
}

#[actix_web::test]
async fn the_first_pages_are_light() {
    const MOST: usize = 60 * 1024;
    const HEADERS_OF_A_FILE: usize = 500;
    let prefix = format!("/assets/{}/", version());
    for path in ["/", "/authentication/login"] {
        let html = html(path, true).await;
        for language in LANGUAGES {
            let mut files: BTreeSet<_> =
                html.split('"').filter_map(|part| part.strip_prefix(&prefix)).map(str::to_owned).collect();
            files.insert(format!("i18n/{language}.js"));
            let weight = |name: &String| Files::get(&format!("assets/{name}")).unwrap().data.len();
            let sizes = files.iter().map(|name| weight(name) + HEADERS_OF_A_FILE);
            let size = sizes.sum::<usize>() + html.len() + HEADERS_OF_A_FILE;

            assert!(size < MOST, "{path} {language}: {size}");
        }
    }
}

#[actix_web::test]
async fn assets_have_their_type_and_nothing_else_is_served() {
    let script = ask(TestRequest::with_uri("/assets/http.js"), false).await;
    assert_eq!(script.headers().get(CONTENT_TYPE).unwrap(), "text/javascript; charset=utf-8");
    for path in [
        "/assets/nothing.js",
        "/assets/../layout.html",
        "/assets/%2e%2e/layout.html",
        "/assets/0123456789abcdef/../../layout.html",
        "/pages/home.html",
    ] {
        assert_eq!(ask(TestRequest::with_uri(path), false).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
