//! Every route is in the document, and everything in the document is a route.

use std::collections::BTreeSet;

use actix_web::introspection::IntrospectionTree;
use actix_web::test::{TestRequest, call_and_read_body, init_service};
use actix_web::web;
use reqwest::Method;
use serde_json::Value;

use crate::support::document::operations;
use crate::support::*;

type Routes = BTreeSet<(String, String)>;

/// Method and path of everything that the app of `serve` has a handler for.
async fn registered(app: &TestApp) -> Routes {
    const ASK: &str = "/what-is-registered";
    let ask = web::get().to(async |tree: web::Data<IntrospectionTree>| tree.report_as_json());
    let service = init_service(app.running.app().route(ASK, ask)).await;
    let report = call_and_read_body(&service, TestRequest::with_uri(ASK).to_request()).await;
    let report: Vec<Value> = serde_json::from_slice(&report).unwrap();
    let routes = report.iter().flat_map(|item| {
        let path = item["full_path"].as_str().unwrap().to_owned();
        item["methods"]
            .as_array()
            .unwrap()
            .iter()
            .map(move |method| (method.as_str().unwrap().to_owned(), path.clone()))
    });
    routes.filter(|(_, path)| path != ASK).collect()
}

/// Method and path of everything in the document. HEAD goes with GET, as the document says.
fn described() -> Routes {
    let all = operations().flat_map(|(path, method, _)| {
        let head = (method == "get").then(|| ("HEAD".to_owned(), path.to_owned()));
        [Some((method.to_uppercase(), path.to_owned())), head].into_iter().flatten()
    });
    all.collect()
}

/// What is for browsers only: the built-in pages, and their files.
async fn is_page(app: &TestApp, path: &str) -> bool {
    if path.starts_with("/assets/") {
        return true;
    }
    let answer = app.client().get(path).await;
    let is_html = answer.header("content-type").is_some_and(|media_type| media_type.starts_with("text/html"));
    answer.status == 200 && is_html && !path.starts_with("/api")
}

/// A server that has every route there is.
async fn start() -> TestApp {
    TestApp::builder(Engine::Sqlite)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "inbox")
        .start()
        .await
}

#[actix_web::test]
async fn every_route_is_described_and_every_description_has_a_route() {
    let app = start().await;

    let (registered, described) = (registered(&app).await, described());

    let mut untold = Vec::new();
    for (method, path) in registered.difference(&described) {
        if !is_page(&app, path).await {
            untold.push(format!("{method} {path}"));
        }
    }
    let gone: Vec<_> = described.difference(&registered).collect();
    assert!(untold.is_empty(), "routes that the document does not have: {untold:?}");
    assert!(gone.is_empty(), "described, but no routes: {gone:?}");
    assert!(registered.len() > 60, "{registered:?}");
}

#[actix_web::test]
async fn allow_names_the_methods_of_the_document() {
    let app = start().await;
    let paths: BTreeSet<_> = operations().map(|(path, ..)| path).collect();

    for path in paths {
        let request = app.client().request(Method::TRACE, &path.replace("{id}", "x"));
        let answer = app.client().send(request).await;

        answer.assert_status(405);
        let allow = answer.header("allow").unwrap();
        let allowed: BTreeSet<_> = allow.split(", ").map(str::to_owned).collect();
        let told =
            described().into_iter().filter(|(_, other)| other == path).map(|(method, _)| method).collect();
        assert_eq!(allowed, told, "{path}");
    }
}
