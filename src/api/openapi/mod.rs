//! What the API is, for programs (`OpenAPI` 3.1) and for people (a page).

mod operation;
mod page;
mod problems;
mod schema;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use actix_web::dev::HttpServiceFactory;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use super::pages::{Document, HTML};
use super::{
    State, accounts, companies, cookies, health, inbox, metrics, not_me, read_only, server, v1, well_known,
};

pub(super) use operation::Operation;

/// The parts of the API, in the order in which they are told.
const TAGS: [(&str, &str); 9] = [
    (
        tag::ARTICLE,
        "The routes, bodies and texts of the article's client. Paths and names of members match ignoring case.",
    ),
    (tag::COMPANIES, "A resource to try tokens on. Served unless `development.demo_companies` is off."),
    (tag::REGISTRATION, "An account and its mailed link."),
    (tag::SIGN_IN, "Password, second step, tokens."),
    (tag::PASSWORD, "When it was forgotten."),
    (tag::ACCOUNT, "The account of the access token."),
    (tag::FACTORS, "What the second step of that account is done with."),
    (tag::OPERATORS, "Keys, health, measurements, and this document."),
    (tag::DEVELOPMENT, "Served in development only."),
];

/// Names of [`TAGS`].
pub(super) mod tag {
    pub(in crate::api) const ARTICLE: &str = "The article's client";
    pub(in crate::api) const COMPANIES: &str = "Demo resource";
    pub(in crate::api) const REGISTRATION: &str = "Registration";
    pub(in crate::api) const SIGN_IN: &str = "Sign-in";
    pub(in crate::api) const PASSWORD: &str = "Password";
    pub(in crate::api) const ACCOUNT: &str = "Account";
    pub(in crate::api) const FACTORS: &str = "Factors";
    pub(in crate::api) const OPERATORS: &str = "Operators";
    pub(in crate::api) const DEVELOPMENT: &str = "Development";
}

const ABOUT: &str = "A login server with a second step: a password, a one-time code, a token.

JSON is camelCase, times are RFC 3339 in UTC. Members that are unknown are ignored; a member that comes twice is malformed. \
Clients should ignore members of answers that they do not know.

Errors under `/api/v1` are `application/problem+json` (RFC 9457) with a stable `code`. `/api/accounts` keeps the shapes that \
the article's client prints. What is not told at an operation: an unknown path is 404 `not_found`, another method is 405 \
`method_not_allowed` with `Allow`. HEAD is answered wherever GET is, and OPTIONS everywhere.

Every answer has an `X-Request-Id`, by which the log tells more; a request may bring its own.";

/// The document and its page: made when somebody asks for the first time, once a process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Docs(Arc<OnceLock<Made>>);

struct Made {
    json: Document,
    html: Document,
}

impl Docs {
    fn made(&self) -> &Made {
        self.0.get_or_init(|| {
            let document = document();
            Made {
                html: Document::new(page::html(&document), HTML),
                json: Document::new(document.to_string(), "application/json"),
            }
        })
    }
}

/// GET /api/openapi.json
pub(super) fn document_route() -> impl HttpServiceFactory + 'static {
    read_only("/api/openapi.json", show_document)
}

/// GET /api/docs
pub(super) fn page_route() -> impl HttpServiceFactory + 'static {
    read_only("/api/docs", show_page)
}

async fn show_document(request: HttpRequest, state: Data<State>) -> HttpResponse {
    state.docs.made().json.answer(&request, |_| {})
}

async fn show_page(request: HttpRequest, state: Data<State>) -> HttpResponse {
    state.docs.made().html.answer(&request, server::dress_page)
}

/// The document (`OpenAPI` 3.1).
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    let (mut schemas, mut responses) = (BTreeMap::new(), BTreeMap::new());
    for operation in operations() {
        let (path, method) = (operation.path, operation.method);
        let parts = operation.into_parts();
        schemas.extend(parts.schemas);
        responses.extend(parts.responses);
        let item = paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
        if let Some(item) = item.as_object_mut() {
            item.insert(method.to_owned(), parts.operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "twostep",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0 OR MIT", "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "/", "description": "This server"}],
        "tags": TAGS.map(|(name, description)| json!({"name": name, "description": description})),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "headers": {
                "RequestId": {
                    "description": "Under which id the log tells more of this request.",
                    "schema": {"type": "string"},
                },
                "RetryAfter": {
                    "description": "Seconds to wait before asking again.",
                    "schema": {"type": "integer", "minimum": 1},
                },
            },
            "securitySchemes": {
                "accessToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token of a sign-in (RFC 6750).",
                },
                "sessionCookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookies::SIGNED_IN,
                    "description": "Has the refresh token of a page that asked with `session=cookie`; no script can read it.",
                },
                "challengeCookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": cookies::SESSION,
                    "description": "Knows the challenges that this browser's logins at `/api/accounts` have opened.",
                },
            },
        },
    })
}

/// All of them, as they are told.
fn operations() -> impl Iterator<Item = Operation> {
    [
        accounts::operations(),
        companies::operations(),
        v1::operations(),
        vec![well_known::operation()],
        health::operations(),
        vec![metrics::operation()],
        own_operations(),
        not_me::operations(),
        vec![inbox::operation()],
    ]
    .into_iter()
    .flatten()
}

fn own_operations() -> Vec<Operation> {
    let tagged = "Answered with 304 to a client that shows the `ETag` of what it has.";
    vec![
        Operation::get("/api/openapi.json", "getOpenApi", "This document")
            .tag(tag::OPERATORS)
            .about(tagged)
            .answers_with(200, "OpenAPI 3.1.", "application/json", &json!({"schema": {"type": "object"}}))
            .answers_nothing(304, "The client has it."),
        Operation::get("/api/docs", "getDocs", "This document, for people")
            .tag(tag::OPERATORS)
            .about(tagged)
            .answers_with(200, "A page.", "text/html", &json!({"schema": {"type": "string"}}))
            .answers_nothing(304, "The client has it."),
    ]
}

#[cfg(test)]
mod tests;
