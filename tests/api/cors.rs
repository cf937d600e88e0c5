//! Other origins: those that are allowed may ask, also when the answer is an error.

use reqwest::Method;

use crate::support::*;

const CLIENT: &str = "http://localhost:4200";
const STRANGER: &str = "https://evil.example";

async fn preflight(client: &Client, path: &str, origin: &str, method: &str, headers: &str) -> Answer {
    let request = client
        .request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers);
    client.send(request).await
}

#[actix_web::test]
async fn preflights_of_an_allowed_origin_pass() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    for headers in
        ["content-type", "authorization", "authorization,content-type", "Content-Type, Authorization"]
    {
        for (method, path) in [
            ("POST", "/api/accounts/login"),
            ("POST", "/api/accounts/registration"),
            ("GET", "/api/accounts/emailconfirmation"),
            ("GET", "/api/companies"),
            ("POST", "/API/Accounts/TwoStepVerification"),
        ] {
            let answer = preflight(&client, path, CLIENT, method, headers).await;

            assert!(answer.status == 200 || answer.status == 204, "{path} {headers}: {}", answer.status);
            assert_eq!(answer.header("access-control-allow-origin").as_deref(), Some(CLIENT));
            let methods = answer.header("access-control-allow-methods").unwrap_or_default();
            assert!(methods.contains(method), "{path}: {methods}");
            let allowed = answer.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
            for header in headers.to_lowercase().split(',') {
                assert!(allowed.contains(header.trim()), "{path}: {allowed}");
            }
        }
    }
}

#[actix_web::test]
async fn a_strange_origin_is_allowed_nothing() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    for origin in [STRANGER, "http://localhost:4201", "http://localhost:4200.evil.example", "null"] {
        let preflight = preflight(&client, "/api/accounts/login", origin, "POST", "content-type").await;
        let request = client.request(Method::GET, "/api/companies").header("origin", origin);
        let plain = client.send(request).await;

        assert_eq!(preflight.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(plain.header("access-control-allow-origin"), None, "{origin}");
    }
}

#[actix_web::test]
async fn errors_carry_the_headers_too() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("limits.enabled", "true")
        .set("limits.login_per_ip", "1/hour")
        .start()
        .await;
    let client = app.client();
    let ask = async |method: Method, path: &str, body: &str| {
        let request = client.request(method, path).header("origin", CLIENT);
        client.send(request.header("content-type", "application/json").body(body.to_owned())).await
    };

    for (method, path, body, status) in [
        (Method::POST, "/api/accounts/login", r#"{"email":"nobody@example.com","password":"x"}"#, 401),
        (Method::POST, "/api/accounts/login", r#"{"email":"nobody@example.com","password":"x"}"#, 401),
        (Method::POST, "/api/accounts/registration", "[", 400),
        (Method::POST, "/api/accounts/twostepverification", "{}", 400),
        (Method::GET, "/api/accounts/emailconfirmation?token=x&email=y", "", 400),
        (Method::PUT, "/api/accounts/login", "", 405),
        (Method::GET, "/api/companies", "", 401),
        (Method::GET, "/nothing", "", 404),
    ] {
        let answer = ask(method.clone(), path, body).await;

        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        let origin = answer.header("access-control-allow-origin");
        assert_eq!(origin.as_deref(), Some(CLIENT), "{method} {path}");
        let vary = answer.header("vary").unwrap_or_default().to_lowercase();
        assert!(vary.contains("origin"), "{method} {path}: vary {vary}");
    }
}
