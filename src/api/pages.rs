//! The built-in pages and their files, compiled into the binary.

use std::collections::BTreeSet;

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
const PAGES: [(&str, &str, &str); 14] = [
    ("/", "A password, a one-time code, a token", "home"),
    ("/authentication/login", "Sign in", "login"),
    ("/authentication/register", "Create an account", "register"),
    ("/authentication/twostepverification", "Two-step verification", "twostepverification"),
    ("/authentication/forgotpassword", "Forgot your password?", "forgotpassword"),
    ("/authentication/resetpassword", "Set a new password", "resetpassword"),
    ("/authentication/emailconfirmation", "Confirm your address", "emailconfirmation"),
    ("/account", "Your account", "account"),
    ("/account/security", "Security", "security"),
    ("/account/activity", "Activity", "activity"),
    ("/company/companies", "Companies", "companies"),
    ("/privacy", "Claims of your token", "privacy"),
    ("/forbidden", "No access", "forbidden"),
    ("/404", "Nothing here", "notfound"),
];

const INBOX: (&str, &str, &str) = ("/dev/inbox", "Dev inbox", "inbox");

/// What several pages have, in `static/parts/`; one may hold those that come after it.
const PARTS: [&str; 3] = ["again", "challenge", "account-nav"];

/// The links to the inbox in the layout and on the first page, where there is one.
const INBOX_LINKS: [(&str, &str); 2] = [
    ("<!-- inbox -->", r#"<a href="/dev/inbox" data-t="frame.inbox">Dev inbox</a>"#),
    (
        "<!-- inbox-hint -->",
        r#"<a class="inline" href="/dev/inbox" data-t="home.inbox">Here it is caught in the dev inbox</a>"#,
    ),
];

/// Hexadecimal digits of a version.
const VERSION_LENGTH: usize = 16;

/// For files whose address changes with them (RFC 8246).
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// For everything else: to be asked for again, by its tag.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Media type of a page.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// Adds the pages, each on its own path, and their scripts and styles.
pub(super) fn configure(config: &mut ServiceConfig, with_inbox: bool) {
    let version = version();
    let inbox = with_inbox.then_some(INBOX);
    for (path, title, name) in PAGES.into_iter().chain(inbox) {
        let page = assemble(title, name, with_inbox, &version);
        config.service(read_only(path, move |request: HttpRequest| {
            let answer = page.answer(&request, server::dress_page);
            async move { answer }
        }));
    }
    config.service(read_only("/assets/{name:.+}", move |request: HttpRequest, name: Path<String>| {
        let answer = asset(&request, &name, &version);
        async move { answer }
    }));
}

/// Whether there is a page at `path`.
pub(super) fn has(path: &str) -> bool {
    PAGES.iter().any(|(page, ..)| *page == path)
}

/// What is sent as it is, unless the client has it.
#[derive(Clone)]
pub(super) struct Document {
    bytes: Bytes,
    tag: HeaderValue,
    media_type: &'static str,
}

impl Document {
    pub(super) fn new(text: String, media_type: &'static str) -> Self {
        let tag = tag(&vault::digest(&text));
        Self { bytes: Bytes::from(text), tag, media_type }
    }

    /// The answer, dressed for what it is.
    pub(super) fn answer(
        &self,
        request: &HttpRequest,
        dress: impl Fn(&mut HttpResponseBuilder),
    ) -> HttpResponse {
        let body = Body { bytes: self.bytes.clone(), tag: &self.tag, media_type: self.media_type };
        body.send(request, ASK_AGAIN, dress)
    }
}

/// Puts the page `name` into the layout.
fn assemble(title: &str, name: &str, with_inbox: bool, version: &str) -> Document {
    let script = Some(format!("assets/pages/{name}.js")).filter(|script| Files::get(script).is_some());
    let mut modules = imports("assets/frame.js");
    modules.extend(script.iter().flat_map(|script| imports(script)));
    let preload = |module: &String| format!("<link rel=\"modulepreload\" href=\"/{module}\">\n  ");
    let run = |script: &String| format!("<script type=\"module\" src=\"/{script}\"></script>");
    let mut html = file("layout.html")
        .replace("<!-- title -->", title)
        .replace("<!-- preload -->", modules.iter().map(preload).collect::<String>().trim_end())
        .replace("<!-- script -->", &script.as_ref().map(run).unwrap_or_default())
        .replace("<!-- main -->", &file(&format!("pages/{name}.html")));
    for part in PARTS {
        html = html.replace(&format!("<!-- {part} -->"), &file(&format!("parts/{part}.html")));
    }
    for (place, link) in INBOX_LINKS {
        html = html.replace(place, if with_inbox { link } else { "" });
    }
    Document::new(versioned(&html, version), HTML)
}

/// A page whose files are asked for under `version`: a browser keeps them until they change.
fn versioned(html: &str, version: &str) -> String {
    html.replace("\"/assets/", &format!("\"/assets/{version}/"))
}

/// The file `name`, a template of a page.
pub(super) fn template(name: &str) -> String {
    versioned(&file(name), &version())
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

/// What a script imports, and what that imports: a browser that is told asks for everything at once.
fn imports(script: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![script.to_owned()];
    while let Some(script) = open.pop() {
        let text = file(&script);
        let names = text.split(" from \"").skip(1).filter_map(|rest| rest.split('"').next());
        // Every script lies in `assets/` or in `assets/pages/`, and those of the first import nothing from the second.
        for name in names.map(|name| name.trim_start_matches(['.', '/'])) {
            let module = format!("assets/{name}");
            if found.insert(module.clone()) {
                open.push(module);
            }
        }
    }
    found
}

/// Changes with any of the files.
fn version() -> String {
    let files = Files::iter().filter_map(|name| Some((Files::get(&name)?, name)));
    let digests: Vec<_> =
        files.map(|(file, name)| format!("{name} {}", hex::encode(file.metadata.sha256_hash()))).collect();
    hex::encode(vault::digest(&digests.join("\n"))).chars().take(VERSION_LENGTH).collect()
}

/// The file that `name` means, after the version that it may begin with. One of another version is the present file: while
/// instances are replaced, a page of one may ask another for its files.
fn asset(request: &HttpRequest, name: &str, version: &str) -> Result<HttpResponse, Problem> {
    let is_version =
        |part: &str| part.len() == VERSION_LENGTH && part.bytes().all(|digit| digit.is_ascii_hexdigit());
    let (asked, name) = name.split_once('/').filter(|(part, _)| is_version(part)).unwrap_or(("", name));
    let file = Files::get(&format!("assets/{name}")).ok_or(Problem::NotFound)?;
    let tag = tag(&hex::encode(file.metadata.sha256_hash()));
    let body = Body { bytes: Bytes::from(file.data.into_owned()), tag: &tag, media_type: media_type(name) };
    Ok(body.send(request, if asked == version { FOR_GOOD } else { ASK_AGAIN }, |_| {}))
}

/// What is sent, unless the client has it.
struct Body<'a> {
    bytes: Bytes,
    tag: &'a HeaderValue,
    media_type: &'static str,
}

impl Body<'_> {
    fn send(
        self,
        request: &HttpRequest,
        caching: HeaderValue,
        dress: impl Fn(&mut HttpResponseBuilder),
    ) -> HttpResponse {
        let is_known = has_tag(request, self.tag);
        let mut answer =
            HttpResponse::build(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
        dress(&mut answer);
        answer.insert_header((ETAG, self.tag.clone())).insert_header((CACHE_CONTROL, caching));
        if is_known {
            return answer.finish();
        }
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static(self.media_type))).body(self.bytes)
    }
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
mod tests;
