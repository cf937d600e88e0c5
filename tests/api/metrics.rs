//! What operators measure.

use crate::support::*;

const JANE: &str = "jane@example.com";

/// The value of one series; `None` if it is not told.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[actix_web::test]
async fn sign_ins_messages_and_reloads_are_counted() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);
    client.verify_challenge(JANE, &code, &challenge).await.token();
    client.login_with(JANE, "wrong").await.assert_refused(INVALID);
    app.all_sent().await;
    app.reload("[two_step]\nmax_attempts = 3\n").await.unwrap();
    app.reload("[two_step]\nmax_attempts = 0\n").await.unwrap_err();

    let answer = client.get("/metrics").await;

    answer.assert_status(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let text = &answer.text;
    for (series, expected) in [
        ("twostep_logins_total{outcome=\"verification_required\"}", 1.0),
        ("twostep_logins_total{outcome=\"invalid_credentials\"}", 1.0),
        ("twostep_guesses_total{outcome=\"wrong\"}", 1.0),
        ("twostep_guesses_total{outcome=\"right\"}", 1.0),
        ("twostep_messages_total{carrier=\"mail\",outcome=\"sent\"}", 1.0),
        ("twostep_reloads_total{outcome=\"ok\"}", 1.0),
        ("twostep_reloads_total{outcome=\"faulty\"}", 1.0),
        ("twostep_requests_total{class=\"accounts\",method=\"POST\",status=\"200\"}", 2.0),
        ("twostep_requests_total{class=\"accounts\",method=\"POST\",status=\"400\"}", 1.0),
        ("twostep_request_seconds_count{class=\"accounts\"}", 4.0),
        ("twostep_hash_queue", 0.0),
        ("twostep_provider_up{provider=\"Email\"}", 1.0),
        ("twostep_gateway_up{gateway=\"mail\"}", 1.0),
        ("twostep_gateway_breaker_open{gateway=\"mail\"}", 0.0),
    ] {
        assert_eq!(value(text, series), Some(expected), "{series}\n{text}");
    }
}

#[actix_web::test]
async fn no_label_holds_what_a_client_sent() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    client.get("/orders/4711-secret").await.assert_status(404);
    client.get("/api/v1/challenges/4711-secret").await.assert_status(404);
    let brew = client.request(reqwest::Method::from_bytes(b"BREW").unwrap(), "/tea");
    client.send(brew).await;
    client.login("somebody@example.com").await.assert_refused(INVALID);

    let text = client.get("/metrics").await.text;
    for secret in ["4711-secret", "BREW", "tea", "somebody", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[actix_web::test]
async fn a_spent_text_budget_is_told() {
    let app = TestApp::builder(Engine::Sqlite)
        .file(
            "[two_step]\ndefault_provider = \"Sms\"\n\
             [providers.Sms]\nenabled = true\ngateway = \"inbox\"\ndaily_budget = \"1/day\"\n",
        )
        .start()
        .await;
    app.add_user_with_phone(JANE, "+4915112345678").await;
    let client = app.client();
    let spent =
        async || value(&client.get("/metrics").await.text, "twostep_text_budget_spent{provider=\"Sms\"}");
    assert_eq!(spent().await, Some(0.0));

    client.login(JANE).await.challenge_id();
    client.login(JANE).await.challenge_id();

    assert_eq!(spent().await, Some(1.0));
}
