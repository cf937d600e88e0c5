//! What is no sound request: problem+json, and never a 500.

use serde_json::json;

use super::*;

#[actix_web::test]
async fn bodies_that_are_none_are_told_apart() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let path = "/api/v1/logins";

    for body in
        ["", "{", "[]", "null", "\"text\"", "{\"email\":\"a\",\"email\":\"b\"}", "{\"a\":1e999}", "{} {}"]
    {
        client.post_raw(path, body).await.assert_problem(400, "malformed_request");
    }
    let deep = format!("{{\"email\":{}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    client.post_raw(path, deep).await.assert_problem(400, "malformed_request");
    let huge = format!("{{\"email\":\"{}\"}}", "a".repeat(1_000_000));
    client.post_raw(path, huge).await.assert_problem(413, "payload_too_large");
    let plain = client.request(reqwest::Method::POST, path).header("content-type", "text/plain").body("{}");
    client.send(plain).await.assert_problem(415, "unsupported_media_type");
    let packed = client
        .request(reqwest::Method::POST, path)
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body("{}");
    client.send(packed).await.assert_problem(415, "unsupported_media_type");
}

#[actix_web::test]
async fn members_that_are_wrong_are_named_all_at_once() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let pair = |field: &str, code: &str| (field.to_owned(), code.to_owned());

    let nothing = client.v1("/logins", &json!({})).await;
    let types = client.v1("/logins", &json!({"email": ["a"], "password": 7})).await;
    let case = client.v1("/logins", &json!({"Email": JANE, "PASSWORD": PASSWORD})).await;
    let nul =
        client.v1("/logins", &json!({"email": "a\u{0}b", "password": "x", "more": [1, {"x": null}]})).await;
    let fields = json!({"email": "nobody", "password": "short", "phoneNumber": "0151", "locale": "../x"});
    let registration = client.v1("/registrations", &fields).await;
    let premium = json!({"email": JANE, "password": PASSWORD, "phoneNumber": "+49 900 1234567"});
    let premium = client.v1("/registrations", &premium).await;

    assert_eq!(nothing.wrong_fields(), [pair("email", "required"), pair("password", "required")]);
    assert_eq!(types.wrong_fields(), [pair("email", "invalid_type"), pair("password", "invalid_type")]);
    assert_eq!(case.wrong_fields(), [pair("email", "required"), pair("password", "required")]);
    assert_eq!(nul.wrong_fields(), [pair("email", "invalid")]);
    let names: Vec<_> = registration.wrong_fields().into_iter().map(|(field, _)| field).collect();
    assert_eq!(names, ["email", "password", "locale", "phoneNumber"]);
    assert_eq!(premium.wrong_fields(), [pair("phoneNumber", "not_allowed")]);
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_problems() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    client.get("/api/v1").await.assert_problem(404, "not_found");
    client.get("/api/v1/nonsense").await.assert_problem(404, "not_found");
    let wrong = client.get("/api/v1/logins").await;
    wrong.assert_problem(405, "method_not_allowed");
    assert_eq!(wrong.header("allow").as_deref(), Some("POST"));
}

#[actix_web::test]
async fn limits_are_told_with_the_time_to_wait() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("limits.enabled", "true")
        .set("limits.login_per_ip", "2/min")
        .set("limits.verify_per_ip", "2/min")
        .set("limits.register_per_ip", "1/min")
        .set("limits.mail_per_ip", "1/min")
        .start()
        .await;
    let client = app.client();
    let email = json!({"email": JANE});
    let twice = async |path: &str, body: &Value, most: usize| {
        for _ in 0..most {
            assert_ne!(client.v1(path, body).await.status, 429, "{path}");
        }
        client.v1(path, body).await.assert_problem(429, "rate_limited")["retryAfter"].as_u64().unwrap()
    };

    assert_eq!(twice("/logins", &json!({"email": JANE, "password": "x"}), 2).await, 30);
    assert_eq!(twice("/challenges/x/verify", &json!({"code": "123456"}), 2).await, 30);
    assert_eq!(twice("/registrations", &json!({"email": JANE, "password": PASSWORD}), 1).await, 60);
    assert_eq!(twice("/password/forgot", &email, 1).await, 60);
    client.v1("/email-confirmations/resend", &email).await.assert_problem(429, "rate_limited");
    let malformed = client.v1("/logins", &json!({})).await;
    malformed.assert_problem(422, "validation_failed");
}

#[actix_web::test]
async fn a_spent_mail_window_is_silent() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("limits.enabled", "true")
        .set("limits.mail_per_destination", "1/hour")
        .start()
        .await;
    app.add_user(JANE).await;

    for _ in 0..3 {
        let answer = app.client().v1("/password/forgot", &json!({"email": JANE})).await;
        assert_eq!((answer.status, answer.text.as_str()), (202, "{}"));
    }
    app.all_sent().await;

    assert_eq!(app.mails(JANE, RESET).len(), 1);
}

#[actix_web::test]
async fn errors_carry_cors_headers_and_a_request_id() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let request = client
        .request(reqwest::Method::POST, "/api/v1/logins")
        .header("origin", "http://localhost:4200")
        .json(&json!({"email": JANE, "password": "x"}));

    let refused = client.send(request).await;

    refused.assert_problem(401, "invalid_credentials");
    assert_eq!(refused.header("access-control-allow-origin").as_deref(), Some("http://localhost:4200"));
    assert!(refused.header("x-request-id").is_some());
}
