use std::collections::{BTreeMap, BTreeSet};

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, body::MessageBody, dev::ServiceResponse};

use super::*;

const LANGUAGES: [&str; 2] = ["en", "de"];

/// Texts whose keys the scripts put together, by what they begin with.
const COMPUTED: [&str; 7] =
    ["error.", "field.", "event.", "kind.", "delivery.", "challenge.about.", "challenge.ended."];

/// Every `code` of a problem (contract 3 and 6).
const CODES: [&str; 24] = [
    "not_found",
    "method_not_allowed",
    "malformed_request",
    "unsupported_media_type",
    "payload_too_large",
    "validation_failed",
    "rate_limited",
    "service_unavailable",
    "invalid_credentials",
    "email_not_confirmed",
    "no_valid_provider",
    "invalid_provider",
    "invalid_code",
    "challenge_closed",
    "too_many_attempts",
    "resend_too_soon",
    "too_many_sends",
    "invalid_refresh_token",
    "invalid_token",
    "forbidden",
    "unauthorized",
    "reauthentication_required",
    "origin_required",
    "unexpected",
];

async fn ask(request: TestRequest, with_inbox: bool) -> ServiceResponse<impl MessageBody> {
    let app = App::new().configure(|config| configure(config, with_inbox));
    call_service(&init_service(app).await, request.to_request()).await
}

async fn html(path: &str, with_inbox: bool) -> String {
    let answer = ask(TestRequest::with_uri(path), with_inbox).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    String::from_utf8(read_body(answer).await.to_vec()).unwrap()
}

/// The texts of a language.
fn catalogue(language: &str) -> BTreeMap<String, String> {
    let mut texts = read_catalogue(language);
    for (key, text) in read_catalogue(&format!("account-{language}")) {
        assert_eq!(texts.insert(key.clone(), text), None, "{key} is there twice");
    }
    texts
}

/// A catalogue is JSON but for its first words, so that this can read it, too.
fn read_catalogue(name: &str) -> BTreeMap<String, String> {
    let script = file(&format!("assets/i18n/{name}.js"));
    let json = script.trim().strip_prefix("export default ").unwrap().strip_suffix(';').unwrap();
    serde_json::from_str(json).unwrap()
}

fn scripts() -> impl Iterator<Item = (String, String)> {
    let is_script = |name: &str| name.ends_with(".js") && !name.contains("/i18n/");
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

#[test]
fn the_languages_have_the_same_texts_with_the_same_places() {
    let [english, german] = LANGUAGES.map(catalogue);
    let places = |text: &str| -> BTreeSet<String> {
        let parts = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        parts.map(str::to_owned).collect()
    };

    assert!(
        english.keys().eq(german.keys()),
        "{:?}",
        english.keys().zip(german.keys()).find(|(a, b)| a != b)
    );
    for (key, text) in &english {
        assert_eq!(places(text), places(&german[key]), "{key}");
        assert!(!text.trim().is_empty() && !german[key].trim().is_empty(), "{key}");
    }
}

#[test]
fn both_parts_of_a_catalogue_are_cut_at_the_same_place() {
    for part in ["", "account-"] {
        let [english, german] = LANGUAGES.map(|language| read_catalogue(&format!("{part}{language}")));
        assert!(english.keys().eq(german.keys()), "{part}");
    }
}

#[actix_web::test]
async fn what_is_not_of_the_account_needs_no_text_of_its_catalogue() {
    let texts = read_catalogue("account-en");
    for (path, _, name) in PAGES.into_iter().chain([INBOX]).filter(|(path, ..)| !path.starts_with("/account"))
    {
        let script = format!("assets/pages/{name}.js");
        let mut sources: Vec<_> = imports(&script).iter().map(|module| file(module)).collect();
        sources.extend([html(path, true).await, file(&script), file("assets/frame.js")]);

        for word in sources.iter().flat_map(|source| source.split('"')) {
            assert!(!texts.contains_key(word), "{path} {word}");
        }
    }
}

#[actix_web::test]
async fn every_text_in_a_page_is_the_english_one() {
    let english = catalogue("en");
    for (path, ..) in PAGES.into_iter().chain([INBOX]) {
        let html = html(path, true).await;
        for rest in html.split("data-t=\"").skip(1) {
            let (key, rest) = rest.split_once('"').unwrap();
            let text = rest.split_once('>').unwrap().1.split('<').next().unwrap();
            assert_eq!(english.get(key).map(String::as_str), Some(text), "{path} {key}");
        }
        for (attribute, mark) in [("aria-label", "data-t-label"), ("alt", "data-t-alt")] {
            for tag in html.split('<').filter(|tag| tag.contains(mark)) {
                let value = |name: &str| quoted(tag, &format!("{name}=\"")).next().unwrap().to_owned();
                assert_eq!(english[&value(mark)], value(attribute), "{path} {tag}");
            }
        }
    }
}

#[actix_web::test]
async fn every_text_that_is_used_is_there_and_every_other_one_is_used() {
    let english = catalogue("en");
    let mut used = BTreeSet::new();
    for (path, ..) in PAGES.into_iter().chain([INBOX]) {
        let html = html(path, true).await;
        let keys = ["data-t=\"", "data-t-label=\"", "data-t-alt=\""];
        used.extend(keys.iter().flat_map(|mark| quoted(&html, mark)).map(str::to_owned));
    }
    for (_, script) in scripts() {
        used.extend(
            quoted(&script, "plural(\"").flat_map(|key| [format!("{key}.one"), format!("{key}.other")]),
        );
        let is_key = |text: &&str| english.contains_key(*text) || is_like_a_key(text);
        used.extend(script.split('"').filter(is_key).map(str::to_owned));
    }

    let missing: Vec<_> = used.iter().filter(|key| !english.contains_key(*key)).collect();
    let computed = |key: &str| COMPUTED.iter().any(|prefix| key.starts_with(prefix));
    let idle: Vec<_> = english.keys().filter(|key| !used.contains(*key) && !computed(key)).collect();

    assert!(missing.is_empty(), "{missing:?}");
    assert!(idle.is_empty(), "{idle:?}");
}

/// `account.saved`, but neither `./http.js` nor `challenge.attempts`, which is half of one.
fn is_like_a_key(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
    let halves = ["challenge.attempts", "recovery.left"];
    text.contains('.') && text.split('.').all(is_part) && !halves.contains(&text)
}

#[test]
fn every_problem_is_told_in_words() {
    for language in LANGUAGES {
        let texts = catalogue(language);
        for code in CODES {
            assert!(texts.contains_key(&format!("error.{code}")), "{language} {code}");
        }
        for kind in ["email", "sms", "authenticator", "recovery", "custom"] {
            assert!(texts.contains_key(&format!("challenge.about.{kind}")), "{language} {kind}");
        }
    }
}

#[test]
fn the_list_of_codes_is_the_table_of_problems() {
    let source = include_str!("../error/problem.rs");
    let table = source.split("fn row(").nth(1).unwrap().split("fn wait(").next().unwrap();
    let is_code = |text: &&str| {
        !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_')
    };
    let told: BTreeSet<_> = table.split('"').skip(1).step_by(2).filter(is_code).collect();

    // The pages' own word for an answer without a code.
    assert_eq!(CODES.into_iter().filter(|code| *code != "unexpected").collect::<BTreeSet<_>>(), told);
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
