//! The first step: what each login is answered.

use sea_orm::EntityTrait;
use serde_json::{Value, json};
use twostep::auth::Change;

use crate::support::*;

on_every_engine!(
    without_a_second_step_a_login_is_answered_with_a_token,
    with_a_second_step_a_login_is_answered_with_a_challenge,
    unknown_wrong_locked_and_disabled_are_answered_with_the_same_bytes,
    an_unconfirmed_address_is_told_only_after_the_right_password,
    every_login_opens_a_challenge_with_a_code_of_its_own,
    without_a_valid_provider_nobody_gets_a_code,
    the_eleventh_code_of_a_day_is_not_sent,
    a_verification_resets_the_count_of_sent_codes,
    unlocking_lets_codes_be_sent_again,
    spellings_of_an_address_are_one_account,
    a_password_is_compared_after_nfkc,
    a_password_is_not_cut_or_trimmed,
    an_imported_or_weaker_hash_is_replaced_at_sign_in,
    a_challenge_is_worth_nothing_as_a_bearer_token,
);

const JANE: &str = "jane@example.com";

/// What stands in every answer to a login, also where it is null.
const MEMBERS: [&str; 5] =
    ["isAuthSuccessful", "errorMessage", "token", "is2StepVerificationRequired", "provider"];

fn assert_members(body: &Value) {
    for member in MEMBERS {
        assert!(body.as_object().unwrap().contains_key(member), "no {member} in {body}");
    }
}

async fn without_a_second_step_a_login_is_answered_with_a_token(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;

    let answer = app.client().login(JANE).await;

    answer.token();
    let body = answer.json();
    assert_members(&body);
    assert_eq!(body["isAuthSuccessful"], true);
    assert_eq!(body["is2StepVerificationRequired"], false);
    assert_eq!(body["errorMessage"], Value::Null);
    assert_eq!(body["provider"], Value::Null);
    app.all_sent().await;
    assert!(app.mails_to(JANE).is_empty());
    assert!(entity::challenge::Entity::find().all(app.db()).await.unwrap().is_empty());
}

async fn with_a_second_step_a_login_is_answered_with_a_challenge(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;

    let answer = app.client().login(JANE).await;

    answer.assert_status(200);
    let body = answer.json();
    assert_members(&body);
    assert_eq!(body["isAuthSuccessful"], false);
    assert_eq!(body["is2StepVerificationRequired"], true);
    assert_eq!(body["token"], Value::Null);
    assert_eq!(body["errorMessage"], Value::Null);
    assert_eq!(body["provider"], "Email");
    assert_eq!(body["providers"], json!(["Email"]));
    assert!(answer.challenge_id().len() >= 22, "at least 128 random bits");
    let expires = twostep::clock::parse_rfc3339(&answer.field("expiresAt")).expect("an RFC 3339 time");
    assert_eq!(expires.seconds(), app.clock.now().seconds() + 300);
    assert_eq!(app.code_for(JANE).await.len(), 6);
    assert!(entity::session::Entity::find().all(app.db()).await.unwrap().is_empty());
}

async fn unknown_wrong_locked_and_disabled_are_answered_with_the_same_bytes(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    for email in [JANE, "locked@example.com", "disabled@example.com"] {
        app.add_user(email).await;
    }
    client.register("unconfirmed@example.com").await.assert_status(201);
    for email in ["disabled@example.com", "unconfirmed@example.com"] {
        app.change(email, Change { disabled: Some(true), ..Change::default() }).await;
    }
    for _ in 0..5 {
        client.login_with("locked@example.com", "wrong").await;
    }

    let answers = [
        client.login_with(JANE, "Wrong-Horse-7").await,
        client.login("nobody@example.com").await,
        client.login("locked@example.com").await,
        client.login("disabled@example.com").await,
        client.login("unconfirmed@example.com").await,
    ];

    let visible = |answer: &Answer| {
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        (answer.status, answer.text.clone(), names)
    };
    for answer in &answers {
        answer.assert_refused(INVALID);
        assert_members(&answer.json());
        assert_eq!(visible(answer), visible(&answers[0]));
    }
}

async fn an_unconfirmed_address_is_told_only_after_the_right_password(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    client.register(JANE).await.assert_status(201);

    let right = client.login(JANE).await;
    let wrong = client.login_with(JANE, "Wrong-Horse-7").await;

    right.assert_refused("Email is not confirmed");
    wrong.assert_refused(INVALID);
}

async fn every_login_opens_a_challenge_with_a_code_of_its_own(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();

    let first = app.open_challenge(&client, JANE).await;
    let second = app.open_challenge(&client, JANE).await;

    assert_ne!(first.0, second.0);
    client.verify_challenge(JANE, &first.1, &first.0).await.token();
    client.verify_challenge(JANE, &second.1, &second.0).await.token();
}

async fn without_a_valid_provider_nobody_gets_a_code(engine: Engine) {
    let app = TestApp::builder(engine).set("providers.Email.enabled", "false").start().await;
    app.add_two_step_user(JANE).await;

    let answer = app.client().login(JANE).await;

    answer.assert_refused("Invalid 2-Step Verification Provider.");
    app.all_sent().await;
    assert!(app.mails_to(JANE).is_empty());
}

async fn the_eleventh_code_of_a_day_is_not_sent(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    for _ in 0..10 {
        app.open_challenge(&client, JANE).await;
        app.advance(1).await;
    }

    let refused = client.login(JANE).await;
    let wrong = client.login_with(JANE, "Wrong-Horse-7").await;
    app.advance(86_400).await;
    let next_day = client.login(JANE).await;

    refused.assert_refused("Too many codes were sent. Try again later.");
    wrong.assert_refused(INVALID);
    next_day.challenge_id();
    app.code_for(JANE).await;
    app.all_sent().await;
    assert_eq!(app.mails(JANE, CODE).len(), 11);
}

async fn a_verification_resets_the_count_of_sent_codes(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.destination_sends", "2/day").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    app.open_challenge(&client, JANE).await;
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.login(JANE).await.assert_refused("Too many codes were sent. Try again later.");

    client.verify_challenge(JANE, &code, &challenge).await.token();

    client.login(JANE).await.challenge_id();
}

async fn unlocking_lets_codes_be_sent_again(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.destination_sends", "1/day").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    app.open_challenge(&client, JANE).await;
    client.login(JANE).await.assert_refused("Too many codes were sent. Try again later.");

    app.change(JANE, twostep::auth::Change { unlock: true, ..Default::default() }).await;

    app.open_challenge(&client, JANE).await;
}

async fn spellings_of_an_address_are_one_account(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user("Jane@Example.com").await;
    let client = app.client();

    for spelling in ["jane@example.com", " JANE@EXAMPLE.COM ", "ｊａｎｅ@example.com"] {
        client.login(spelling).await.token();
    }
}

async fn a_password_is_compared_after_nfkc(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let composed = "Pässwörter-7";
    let decomposed = "Pa\u{308}sswo\u{308}rter-7";
    client
        .register_with(JANE, &json!({ "password": composed, "confirmPassword": composed }))
        .await
        .assert_status(201);
    client.confirm(&app.link_for(JANE, CONFIRMATION).await).await.assert_status(200);

    client.login_with(JANE, decomposed).await.token();
    client.login_with(JANE, composed).await.token();
    client.login_with(JANE, "Passworter-7").await.assert_refused(INVALID);
}

async fn a_password_is_not_cut_or_trimmed(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let long = format!(" {} ", "aB-".repeat(42));
    assert_eq!(long.len(), 128);
    client
        .register_with(JANE, &json!({ "password": long, "confirmPassword": long }))
        .await
        .assert_status(201);
    client.confirm(&app.link_for(JANE, CONFIRMATION).await).await.assert_status(200);

    client.login_with(JANE, &long).await.token();
    client.login_with(JANE, long.trim()).await.assert_refused(INVALID);
    client.login_with(JANE, &long[..72]).await.assert_refused(INVALID);
    client.login_with(JANE, &format!("{long}x")).await.assert_refused(INVALID);
}

async fn an_imported_or_weaker_hash_is_replaced_at_sign_in(engine: Engine) {
    let app = TestApp::builder(engine).set("accounts.argon2_iterations", "2").start().await;
    // bcrypt, cost 4.
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let user = twostep::auth::NewUser {
        password: twostep::auth::ImportedPassword::Hash(hash.clone()),
        ..new_user(JANE)
    };
    app.running.auth.add_user(user).await.unwrap();
    let client = app.client();

    client.login_with(JANE, "Wrong-Horse-7").await.assert_refused(INVALID);
    let untouched = app.user(JANE).await.password_hash;
    client.login(JANE).await.token();

    assert!(!untouched.starts_with("$argon2"), "{untouched}");
    let rehashed =
        eventually("a new hash", async || Some(app.user(JANE).await.password_hash).filter(|h| *h != hash))
            .await;
    assert!(rehashed.starts_with("$argon2id$"), "{rehashed}");
    assert!(rehashed.contains("m=64,t=2,p=1"), "{rehashed}");
    client.login(JANE).await.token();
}

async fn a_challenge_is_worth_nothing_as_a_bearer_token(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let challenge = client.login(JANE).await.challenge_id();

    let companies = client.get_with("/api/companies", &challenge).await;

    companies.assert_text(401, "");
}

#[actix_web::test]
async fn a_fixed_code_serves_development() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("development.fixed_codes", r#"{"jane@example.com":"123456"}"#)
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user("joe@example.com").await;
    let client = app.client();

    let challenge = client.login(JANE).await.challenge_id();
    let (_, other_code) = app.open_challenge(&client, "joe@example.com").await;

    client.verify_challenge(JANE, "123456", &challenge).await.token();
    assert_ne!(other_code, "123456");
}
