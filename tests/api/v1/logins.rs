//! POST logins, and the C and T that it answers with.

use std::time::Duration;

use serde_json::json;

use super::*;

on_every_engine!(
    without_a_second_step_a_password_signs_in,
    with_it_a_challenge_tells_everything_about_itself,
    a_right_code_signs_in_and_the_token_says_how,
    what_is_wrong_is_told_apart_only_after_the_right_password,
    known_and_unknown_addresses_are_answered_alike,
    a_known_browser_is_not_locked_out_by_others,
    a_spent_destination_leaves_the_challenge_open_for_other_providers,
    nobody_without_a_provider_gets_a_challenge,
);

async fn without_a_second_step_a_password_signs_in(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;

    let answer = app.client().log_in(JANE).await;

    let tokens = answer.tokens();
    assert_eq!(tokens["tokenType"], "Bearer");
    assert_eq!(tokens["expiresIn"], 600);
    assert_eq!(tokens["refreshExpiresIn"], 14 * 86_400);
    app.clock.advance(Duration::from_millis(250));
    let later = app.client().log_in(JANE).await.tokens();
    assert_eq!((&later["expiresIn"], &later["refreshExpiresIn"]), (&json!(600), &json!(14 * 86_400)));
    let access = tokens["accessToken"].as_str().unwrap();
    assert_eq!(jwt::claims(access)["amr"], json!(["pwd"]));
    app.client().get_with("/api/companies", access).await.assert_status(200);
    assert!(tokens["refreshToken"].as_str().unwrap().len() >= 43, "256 bits");
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
}

async fn with_it_a_challenge_tells_everything_about_itself(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;

    let challenge = app.client().log_in(JANE).await.challenge();

    let id = challenge["id"].as_str().unwrap();
    assert!(id.len() >= 22 && !id.contains('-') || id.len() > 22, "more than a UUID: {id}");
    assert_eq!(challenge["status"], "pending");
    assert_eq!(challenge["provider"], "Email");
    assert_eq!(challenge["kind"], "email");
    assert_eq!(challenge["destination"], "j•••@example.com");
    assert_eq!((&challenge["codeLength"], &challenge["attemptsLeft"]), (&json!(6), &json!(5)));
    assert_eq!(challenge["sendsLeft"], 4);
    let instant = |name: &str| {
        chrono::DateTime::parse_from_rfc3339(challenge[name].as_str().unwrap()).unwrap().timestamp()
    };
    let now = app.clock.now().seconds();
    assert_eq!((instant("expiresAt"), instant("resendAt")), (now + 300, now + 60));
    let delivery = challenge["delivery"]["status"].as_str().unwrap();
    assert!(["queued", "sent"].contains(&delivery), "a quick relay may have it already: {delivery}");
    assert_eq!(
        challenge["providers"],
        json!([
            {"name": "Email", "kind": "email", "destination": "j•••@example.com"},
            {"name": "Sms", "kind": "sms", "destination": "•••• 78"},
        ])
    );
    app.all_sent().await;
    let later = app.client().show(id).await;
    later.assert_status(200);
    assert_eq!(later.json()["delivery"]["status"], "sent", "{}", later.text);
    assert_eq!(later.json()["id"], id);
    app.client().get_with("/api/companies", id).await.assert_status(401);
}

async fn a_right_code_signs_in_and_the_token_says_how(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    let tokens = client.guess(&challenge, &format!(" {code}\n")).await.tokens();

    let access = tokens["accessToken"].as_str().unwrap();
    assert_eq!(jwt::claims(access)["amr"], json!(["pwd", "otp"]));
    let shown = client.show(&challenge).await.json();
    assert_eq!(shown["status"], "verified");
    client.guess(&challenge, &code).await.assert_problem(410, "challenge_closed");
    client.send_code(&challenge, "Email").await.assert_problem(410, "challenge_closed");
}

async fn what_is_wrong_is_told_apart_only_after_the_right_password(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.client().register(JANE).await.assert_status(201);
    let wrong = json!({"email": JANE, "password": "not it at all"});

    app.client().v1("/logins", &wrong).await.assert_problem(401, "invalid_credentials");
    app.client().log_in(JANE).await.assert_problem(403, "email_not_confirmed");
    app.client().log_in("nobody@example.com").await.assert_problem(401, "invalid_credentials");
}

async fn known_and_unknown_addresses_are_answered_alike(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let answers = async |path: &str, member: &str| {
        let mut texts = Vec::new();
        for email in [JANE, "nobody@example.com"] {
            let body = json!({"email": email, "password": "not it at all", member: email});
            let answer = app.client().v1(path, &body).await;
            texts.push((answer.status, answer.text));
        }
        texts
    };

    for path in ["/logins", "/password/forgot", "/email-confirmations/resend", "/registrations"] {
        let texts = answers(path, "email").await;

        assert_eq!(texts[0], texts[1], "{path}");
    }
}

async fn a_known_browser_is_not_locked_out_by_others(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let (browser, stranger) = (app.browser(), app.client());
    browser.log_in(JANE).await.tokens();

    for _ in 0..5 {
        let wrong = json!({"email": JANE, "password": "not it at all"});
        stranger.v1("/logins", &wrong).await.assert_problem(401, "invalid_credentials");
    }

    stranger.log_in(JANE).await.assert_problem(401, "invalid_credentials");
    browser.log_in(JANE).await.tokens();
}

async fn a_spent_destination_leaves_the_challenge_open_for_other_providers(engine: Engine) {
    let app = with_texts(engine).set("two_step.destination_sends", "1/day").start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let client = app.client();
    client.log_in(JANE).await.challenge();
    app.code_for(JANE).await;

    let challenge = client.log_in(JANE).await.challenge();
    let id = challenge["id"].as_str().unwrap();
    let moved = client.send_code(id, "Sms").await;

    assert_eq!(challenge["delivery"]["status"], "failed", "{challenge}");
    assert_eq!(challenge["sendsLeft"], 5, "nothing was sent");
    moved.assert_status(202);
    let code = texted_code(&app, NUMBER).await;
    client.guess(id, &code).await.tokens();
    app.all_sent().await;
    assert_eq!(app.mails(JANE, CODE).len(), 1);
}

async fn nobody_without_a_provider_gets_a_challenge(engine: Engine) {
    let app = TestApp::builder(engine).set("providers.Email.enabled", "false").start().await;
    app.add_two_step_user(JANE).await;

    app.client().log_in(JANE).await.assert_problem(409, "no_valid_provider");
}
