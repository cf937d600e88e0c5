//! How the document is served, and printed.

use reqwest::Method;
use reqwest::header::IF_NONE_MATCH;
use serde_json::Value;

use crate::support::document::DOCUMENT;
use crate::support::*;

const BOTH: [(&str, &str); 2] =
    [("/api/openapi.json", "application/json"), ("/api/docs", "text/html; charset=utf-8")];

#[actix_web::test]
async fn the_document_and_its_page_are_public_and_known_by_their_tag() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    for (path, media_type) in BOTH {
        let answer = client.get(path).await;
        let head = client.send(client.request(Method::HEAD, path)).await;
        let tag = answer.header("etag").unwrap();
        let again = client.send(client.request(Method::GET, path).header(IF_NONE_MATCH, &tag)).await;
        let wrong = client.post_raw(path, "{}").await;

        answer.assert_status(200);
        assert_eq!(answer.header("content-type").as_deref(), Some(media_type));
        assert_eq!(answer.header("cache-control").as_deref(), Some("no-cache"));
        assert_eq!(answer.header("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!((head.status, head.text.as_str(), head.header("etag")), (200, "", Some(tag)));
        assert_eq!((again.status, again.text.as_str()), (304, ""));
        assert_eq!((wrong.status, wrong.header("allow").as_deref()), (405, Some("GET, HEAD")));
    }
}

#[actix_web::test]
async fn the_page_may_run_its_own_files_only() {
    let app = TestApp::start(Engine::Sqlite).await;

    let (page, home) = (app.client().get("/api/docs").await, app.client().get("/").await);

    for name in ["content-security-policy", "permissions-policy", "cross-origin-opener-policy"] {
        assert_eq!(page.header(name), home.header(name), "{name}");
        assert!(page.header(name).is_some(), "{name}");
    }
}

#[actix_web::test]
async fn what_is_served_is_what_the_command_prints() {
    let app = TestApp::start(Engine::Sqlite).await;
    // Neither a sound configuration nor a database is there.
    let installation = Installation::bare().set("mode", "nonsense").set("database.url", "nowhere");

    let served = app.client().get("/api/openapi.json").await.json();
    let printed = installation.run(&["openapi"]);
    let help = installation.run(&["openapi", "--help"]);

    let printed: Value = serde_json::from_str(&printed.assert_code(0).stdout).unwrap();
    assert_eq!(printed, served);
    assert_eq!(served, *DOCUMENT);
    assert_eq!(std::fs::read_dir(installation.folder()).unwrap().count(), 0, "nothing is made");
    assert!(help.assert_code(0).stdout.contains("Example:\n  twostep openapi"), "{}", help.stdout);
}
