//! GET and POST /not-me/{id}: the page behind the link of a code mail. Looking changes nothing; its button ends the sign-in.

use std::rc::Rc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse, Resource};
use serde_json::json;

use super::call::Call;
use super::error::Problem;
use super::language::language_of;
use super::openapi::{Operation, tag};
use super::{State, pages, resource, server};
use crate::auth::{Disowned, Language};
use crate::limits::Limit;

/// The link is the secret: neither a cookie nor a token of the form's own is asked for.
pub(super) fn route() -> Resource {
    resource("/not-me/{id}", "GET, HEAD, POST")
        .route(web::get().to(show))
        .route(web::head().to(show))
        .route(web::post().to(press))
}

pub(super) fn operations() -> Vec<Operation> {
    let page = json!({"schema": {"type": "string"}});
    let described = |operation: Operation| {
        operation
            .tag(tag::SIGN_IN)
            .in_path("id", "Of the link in a code mail.")
            .answers_with(404, "A page: the link is worth nothing.", "text/html", &page)
            .answers_with(503, "A page: not now.", "text/html", &page)
            .may_wait(503)
    };
    vec![
        described(Operation::get("/not-me/{id}", "showNotMe", "Show the button \"This was not me\""))
            .about("A page in English or German. Looking at it changes nothing.")
            .answers_with(200, "A page with the button.", "text/html", &page),
        described(Operation::post("/not-me/{id}", "pressNotMe", "Press the button \"This was not me\""))
            .about("Closes the challenge, ends the session that it has opened, and mails a link to choose a new password.")
            .answers_with(200, "A page: all is done.", "text/html", &page)
            .answers_with(429, "A page: too many requests from this address.", "text/html", &page)
            .may_wait(429),
    ]
}

/// What a page is about; each has a file in `static/not-me/` a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    /// The button.
    Ask,
    /// All is done, and a link mailed.
    Done,
    /// All is done, but the address has had its mails.
    DoneUnmailed,
    /// The link is worth nothing.
    Invalid,
    /// Not now.
    Later,
}

impl Page {
    fn file(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Done => "done",
            Self::DoneUnmailed => "done-unmailed",
            Self::Invalid => "invalid",
            Self::Later => "later",
        }
    }
}

async fn show(request: HttpRequest, id: Path<String>, state: Data<State>) -> HttpResponse {
    let call = Call::begin(request, state);
    let result = call.finish(look(Rc::clone(&call), id.into_inner())).await.map(|()| Page::Ask);
    answer(&call, result)
}

async fn look(call: Rc<Call>, id: String) -> Result<(), Problem> {
    Ok(call.state.auth.look_at_not_me(&id).await?)
}

async fn press(request: HttpRequest, id: Path<String>, state: Data<State>) -> HttpResponse {
    let call = Call::begin(request, state);
    let result = call.finish(disown(Rc::clone(&call), id.into_inner())).await;
    let done = |disowned: Disowned| if disowned.mailed { Page::Done } else { Page::DoneUnmailed };
    answer(&call, result.map(done))
}

async fn disown(call: Rc<Call>, id: String) -> Result<Disowned, Problem> {
    call.count(Limit::Mail).await?;
    Ok(call.state.auth.disown(&id, &call.client).await?)
}

/// A person reads it: a problem is a page too.
fn answer(call: &Call, result: Result<Page, Problem>) -> HttpResponse {
    let (page, status, wait) = match result {
        Ok(page) => (page, StatusCode::OK, None),
        Err(problem) => {
            let plain = problem.answer(&call.id());
            let is_invalid = plain.status() == StatusCode::NOT_FOUND;
            let page = if is_invalid { Page::Invalid } else { Page::Later };
            (page, plain.status(), plain.headers().get(RETRY_AFTER).cloned())
        }
    };
    let mut answer = HttpResponse::build(status);
    server::dress_page(&mut answer);
    answer
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")))
        .insert_header((VARY, HeaderValue::from_static("accept-language")));
    if let Some(wait) = wait {
        answer.insert_header((RETRY_AFTER, wait));
    }
    answer.body(html(page, language_of(call.request())))
}

fn html(page: Page, language: Language) -> String {
    let tag = language.tag();
    pages::plain(tag, &format!("not-me/{}.{tag}.html", page.file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: [Page; 5] = [Page::Ask, Page::Done, Page::DoneUnmailed, Page::Invalid, Page::Later];

    #[test]
    fn every_page_is_whole_in_every_language_and_needs_no_script() {
        for (page, language) in PAGES.into_iter().flat_map(|page| Language::ALL.map(|lang| (page, lang))) {
            let html = html(page, language);

            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())), "{page:?}");
            assert!(html.contains("<h1>") && !html.contains("<title> ·"), "{page:?} {language:?}");
            assert!(!html.contains("<!-- "), "{page:?} {language:?}");
            assert!(!html.contains("<script") && !html.contains("style="), "{page:?} {language:?}");
            assert_eq!(html.contains("<form method=\"post\">"), page == Page::Ask, "{page:?}");
        }
    }
}
