//! What every answer has in common: ids, headers, methods, paths, and the neighbours of the article's routes.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::support::*;

const JANE: &str = "jane@example.com";
const ROUTES: [(&str, &str); 6] = [
    ("POST", "/api/accounts/registration"),
    ("GET", "/api/accounts/emailconfirmation"),
    ("POST", "/api/accounts/login"),
    ("POST", "/api/accounts/twostepverification"),
    ("POST", "/api/accounts/forgotpassword"),
    ("POST", "/api/accounts/resetpassword"),
];

#[actix_web::test]
async fn paths_match_whatever_their_case() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    let client = app.client();
    let body = json!({ "email": JANE, "password": PASSWORD });

    for path in ["/api/accounts/Login", "/API/Accounts/LOGIN", "/Api/aCCounts/login"] {
        client.post(path, &body).await.token();
    }
    let token = client.login(JANE).await.token();
    client.get_with("/API/Companies", &token).await.assert_status(200);
    client.get_with("/api/COMPANIES/Privacy", &token).await.assert_status(403);
    let confirmation = client.get("/api/Accounts/EmailConfirmation?token=Ab&email=x").await;
    confirmation.assert_text(400, "Invalid Email Confirmation Request");
}

#[actix_web::test]
async fn a_tokens_case_survives_the_folding_of_paths() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    client.register(JANE).await.assert_status(201);
    let link = app.link_for(JANE, CONFIRMATION).await;

    let answer = client.get(&format!("/API/ACCOUNTS/EMAILCONFIRMATION?{}", link.query())).await;

    answer.assert_text(200, "");
}

#[actix_web::test]
async fn wrong_methods_are_405_and_name_the_right_one() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    for (method, path) in ROUTES {
        for wrong in ["PUT", "DELETE", "PATCH", if method == "GET" { "POST" } else { "GET" }] {
            let request = client.request(Method::from_bytes(wrong.as_bytes()).unwrap(), path);
            let answer = client.send(request).await;

            assert_eq!(answer.status, 405, "{wrong} {path}");
            let allow = answer.header("allow").unwrap_or_default();
            assert!(allow.contains(method), "{wrong} {path}: allow {allow:?}");
        }
    }
}

#[actix_web::test]
async fn unknown_paths_are_404() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    for path in
        ["/api/accounts/nothing", "/api/accounts", "/nothing", "/api/companies/x", "/..%2f..%2fetc/passwd"]
    {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn every_answer_has_a_request_id_and_keeps_a_sane_one() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let ask = async |id: &str| {
        let request = client.request(Method::GET, "/api/companies").header("x-request-id", id);
        client.send(request).await.header("x-request-id").unwrap()
    };

    let first = client.get("/api/companies").await.header("x-request-id").unwrap();
    let second = client.get("/nothing").await.header("x-request-id").unwrap();

    assert!(!first.is_empty());
    assert_ne!(first, second);
    assert_eq!(ask("order-66.a_B").await, "order-66.a_B");
    for odd in ["", "a b", "<script>", "x\"y", &"x".repeat(1_000), "{{7*7}}"] {
        assert_ne!(ask(odd).await, odd, "{odd:?}");
    }
}

#[actix_web::test]
async fn browsers_are_told_to_be_careful() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    let client = app.client();
    let answers = [
        client.get("/api/companies").await,
        client.login(JANE).await,
        client.post_raw("/api/accounts/login", "[").await,
        client.get("/nothing").await,
        client.get("/").await,
    ];

    for answer in &answers {
        assert_eq!(answer.header("x-content-type-options").as_deref(), Some("nosniff"));
        assert!(answer.header("referrer-policy").is_some());
        assert!(
            answer.header("content-security-policy").is_some() || answer.header("x-frame-options").is_some(),
            "{:?}",
            answer.headers
        );
        assert!(answer.header("server").is_none_or(|server| !server.contains('/')), "no version is told");
    }
    let page = &answers[4];
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("frame-ancestors") || page.header("x-frame-options").is_some(), "{policy}");
    assert!(policy.contains("script-src 'self'"), "a page may run its own scripts: {policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
    assert!(
        policy.contains("require-trusted-types-for 'script'"),
        "no page makes markup of a text: {policy}"
    );
}

#[actix_web::test]
async fn what_carries_a_secret_is_not_cached() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    app.add_two_step_user("joe@example.com").await;
    let client = app.client();
    let token = client.login(JANE).await;
    let challenge = client.login("joe@example.com").await;
    let code = app.code_for("joe@example.com").await;
    let verified = client.verify("joe@example.com", &code).await;
    let privacy = client.get_with("/api/companies", &token.token()).await;

    for answer in [&token, &challenge, &verified, &privacy] {
        answer.assert_status(200);
        let policy = answer.header("cache-control").unwrap_or_default();
        assert!(policy.contains("no-store"), "{policy:?}");
    }
}

#[actix_web::test]
async fn cookies_are_closed_to_scripts_and_other_sites() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let login = client.login(JANE).await;
    let code = app.code_for(JANE).await;
    let verified = client.verify(JANE, &code).await;

    let cookies: Vec<_> =
        [&login, &verified].iter().flat_map(|answer| answer.headers.get_all("set-cookie")).collect();

    assert!(!cookies.is_empty());
    for cookie in cookies {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("HttpOnly"), "{cookie}");
        assert!(cookie.contains("SameSite=Strict") || cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(!cookie.contains("Secure"), "plain http in development: {cookie}");
        assert!(!cookie.contains(&login.challenge_id()), "what a cookie holds is sealed");
    }
}

#[actix_web::test]
async fn cookies_are_secure_behind_https() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("server.public_url", "https://login.example.com")
        .set("server.trusted_proxies", r#"["127.0.0.1/32"]"#)
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    let body = json!({ "email": JANE, "password": PASSWORD });

    let login = app.client().post("/api/accounts/login", &body).await;

    login.assert_status(200);
    let cookies: Vec<_> = login.headers.get_all("set-cookie").into_iter().collect();
    assert!(!cookies.is_empty());
    assert!(cookies.iter().all(|cookie| cookie.to_str().unwrap().contains("Secure")), "{cookies:?}");
}

#[actix_web::test]
async fn a_bad_authorization_header_is_ignored_on_the_anonymous_routes() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    let client = app.client();

    for value in ["Bearer x.y.z", "Bearer", "Basic %%%", "Bearer a b c", "💥"] {
        let request = client.request(Method::POST, "/api/accounts/login");
        let request = request.header("authorization", value.as_bytes());
        let answer = client.send(request.json(&json!({ "email": JANE, "password": PASSWORD }))).await;

        answer.token();
    }
}

#[actix_web::test]
async fn a_slow_body_ends_by_the_deadline() {
    let app = TestApp::builder(Engine::Sqlite).set("server.request_timeout", "1s").start().await;
    let half = "POST /api/accounts/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{\"email\":";

    let (said, _) = raw::say(app.socket(), half.as_bytes(), Duration::from_secs(5)).await;

    let status = said.split_whitespace().nth(1).unwrap_or("closed");
    assert!(matches!(status, "closed" | "400" | "401" | "408"), "{said}");
}

#[actix_web::test]
async fn a_body_that_announces_megabytes_is_not_waited_for() {
    let app = TestApp::start(Engine::Sqlite).await;
    let head = "POST /api/accounts/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 1000000000\r\n\r\n{";

    let (said, _) = raw::say(app.socket(), head.as_bytes(), Duration::from_secs(2)).await;

    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
}

#[actix_web::test]
async fn bytes_that_are_no_http_do_no_harm() {
    let app = TestApp::start(Engine::Sqlite).await;

    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/accounts/login HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/accounts/login HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /api/companies HTTP/1.1\r\nx: \0\r\n\r\n",
    ] {
        let (said, _) = raw::say(app.socket(), bytes, Duration::from_secs(1)).await;

        assert!(!said.starts_with("HTTP/1.1 5"), "{said}");
    }
    app.client().get("/health/live").await.assert_status(200);
}

#[actix_web::test]
async fn health_tells_life_and_readiness() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    client.get("/health/live").await.assert_status(200);
    let ready = client.get("/health/ready").await;

    ready.assert_status(200);
    assert!(ready.text.contains("Email"), "each provider is named: {}", ready.text);
    assert!(ready.text.contains("ok"), "{}", ready.text);
}
