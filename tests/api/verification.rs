//! The second step: a code is good once, for its user, its challenge, its provider, and until it expires.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use serde_json::{Value, json};

use crate::support::*;

on_every_engine!(
    the_mailed_code_signs_in,
    a_code_is_good_once,
    a_code_dies_exactly_at_its_expiry,
    of_20_parallel_right_codes_one_signs_in,
    a_consumed_or_closed_row_takes_no_code,
    the_code_of_another_user_is_refused,
    the_code_of_another_challenge_is_refused,
    the_code_of_another_provider_is_refused,
    a_code_for_another_purpose_is_refused,
    a_users_guess_at_anothers_challenge_costs_nothing,
    who_has_no_challenge_is_told_what_a_wrong_code_is_told,
    a_code_is_kept_only_as_its_mac,
);

const JANE: &str = "jane@example.com";
const JOE: &str = "joe@example.com";

async fn the_mailed_code_signs_in(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;

    let answer = client.verify_challenge(JANE, &code, &challenge).await;

    answer.token();
    let body = answer.json();
    assert_eq!(body["isAuthSuccessful"], true);
    assert_eq!(body["is2StepVerificationRequired"], false);
    assert_eq!(body["errorMessage"], Value::Null);
    assert!(body.as_object().unwrap().contains_key("provider"));
    assert_eq!(code.len(), 6);
}

async fn a_code_is_good_once(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &code, &challenge).await.token();

    let again = client.verify_challenge(JANE, &code, &challenge).await;
    let without_id = client.verify(JANE, &code).await;

    again.assert_text(400, INVALID_CODE);
    without_id.assert_text(400, INVALID_CODE);
}

async fn a_code_dies_exactly_at_its_expiry(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user(JOE).await;
    let client = app.client();
    let (jane, jane_code) = app.open_challenge(&client, JANE).await;
    let (joe, joe_code) = app.open_challenge(&client, JOE).await;

    app.clock.advance(Duration::from_millis(5 * 60_000 - 1));
    let before = client.verify_challenge(JANE, &jane_code, &jane).await;
    app.clock.advance(Duration::from_millis(1));
    let at = client.verify_challenge(JOE, &joe_code, &joe).await;

    before.token();
    at.assert_text(400, INVALID_CODE);
}

async fn of_20_parallel_right_codes_one_signs_in(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.max_attempts", "20").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;

    let guesses = (0..20).map(|_| client.verify_challenge(JANE, &code, &challenge));
    let answers = futures_util::future::join_all(guesses).await;

    let signed_in = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(signed_in, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.status == 400), "{answers:?}");
    assert_eq!(entity::session::Entity::find().all(app.db()).await.unwrap().len(), 1);
}

async fn a_consumed_or_closed_row_takes_no_code(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    for mark in ["consumed", "closed"] {
        let email = format!("{mark}@example.com");
        app.add_two_step_user(&email).await;
        let (challenge, code) = app.open_challenge(&client, &email).await;
        let row = entity::challenge::Entity::find_by_id(twostep::vault::digest(&challenge));
        let mut row = row.one(app.db()).await.unwrap().unwrap().into_active_model();
        let now = app.clock.now().millis();
        if mark == "consumed" {
            row.consumed_at = Set(Some(now));
        } else {
            row.closed_at = Set(Some(now));
        }
        row.update(app.db()).await.unwrap();

        let answer = client.verify_challenge(&email, &code, &challenge).await;

        answer.assert_text(400, INVALID_CODE);
    }
    assert!(entity::session::Entity::find().all(app.db()).await.unwrap().is_empty());
}

async fn the_code_of_another_user_is_refused(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user(JOE).await;
    let client = app.client();
    let (jane, jane_code) = app.open_challenge(&client, JANE).await;
    let (joe, joe_code) = app.open_challenge(&client, JOE).await;

    let swapped_code = client.verify_challenge(JANE, &joe_code, &jane).await;
    let swapped_challenge = client.verify_challenge(JANE, &jane_code, &joe).await;

    // A chance of one in a million that both drew the same code.
    assert_ne!(jane_code, joe_code);
    swapped_code.assert_text(400, INVALID_CODE);
    swapped_challenge.assert_text(400, INVALID_CODE);
}

async fn the_code_of_another_challenge_is_refused(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (_, first_code) = app.open_challenge(&client, JANE).await;
    let (second, second_code) = app.open_challenge(&client, JANE).await;

    let crossed = client.verify_challenge(JANE, &first_code, &second).await;
    let right = client.verify_challenge(JANE, &second_code, &second).await;

    assert_ne!(first_code, second_code);
    crossed.assert_text(400, INVALID_CODE);
    right.token();
}

async fn the_code_of_another_provider_is_refused(engine: Engine) {
    let app = TestApp::builder(engine)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "inbox")
        .set("two_step.default_provider", "Sms")
        .start()
        .await;
    app.add_user_with_phone(JANE, "+4915112345678").await;
    let client = app.client();
    let login = client.login(JANE).await;
    let inbox = app.running.inbox.clone().unwrap();
    let code =
        eventually("a text", async || inbox.messages().first().and_then(|text| text.code.clone())).await;
    let verify = async |provider: &str| {
        let body = json!({
            "email": JANE, "provider": provider, "token": code, "challengeId": login.challenge_id(),
        });
        client.post("/api/accounts/twostepverification", &body).await
    };

    let as_email = verify("Email").await;
    let as_nothing = verify("Nothing").await;
    let as_sms_with_a_blank = verify("Sms ").await;
    let attempts = app.attempts().await;
    let as_sms = verify("Sms").await;

    assert_eq!(login.field("provider"), "Sms");
    as_email.assert_text(400, INVALID_CODE);
    as_nothing.assert_text(400, INVALID_CODE);
    as_sms_with_a_blank.assert_text(400, INVALID_CODE);
    assert_eq!(attempts, [0], "none of them was judged");
    as_sms.token();
}

async fn a_code_for_another_purpose_is_refused(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let row = entity::challenge::Entity::find_by_id(twostep::vault::digest(&challenge));
    let mut row = row.one(app.db()).await.unwrap().unwrap().into_active_model();
    row.purpose = Set("confirm_phone".to_owned());
    row.update(app.db()).await.unwrap();

    let answer = client.verify_challenge(JANE, &code, &challenge).await;

    answer.assert_text(400, INVALID_CODE);
}

async fn a_users_guess_at_anothers_challenge_costs_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user(JOE).await;
    let client = app.client();
    let (jane, jane_code) = app.open_challenge(&client, JANE).await;

    let by_joe = client.verify_challenge(JOE, &jane_code, &jane).await;

    by_joe.assert_text(400, INVALID_CODE);
    assert_eq!(app.attempts().await, [0]);
    client.verify_challenge(JANE, &jane_code, &jane).await.token();
}

async fn who_has_no_challenge_is_told_what_a_wrong_code_is_told(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user(JOE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;

    let wrong_code = client.verify_challenge(JANE, &wrong(&code), &challenge).await;
    let no_challenge = client.verify(JOE, &code).await;
    let unknown = client.verify("nobody@example.com", &code).await;

    wrong_code.assert_text(400, INVALID_CODE);
    no_challenge.assert_text(400, INVALID_CODE);
    unknown.assert_text(400, INVALID_CODE);
}

async fn a_code_is_kept_only_as_its_mac(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (challenge, code) = app.open_challenge(&app.client(), JANE).await;
    app.all_sent().await;

    let codes = entity::challenge_code::Entity::find().all(app.db()).await.unwrap();
    let messages = entity::message::Entity::find().all(app.db()).await.unwrap();
    let challenges = entity::challenge::Entity::find().all(app.db()).await.unwrap();

    assert_eq!(codes.len(), 1);
    assert_eq!(codes[0].mac.len(), 32);
    assert!(!codes[0].destination.windows(JANE.len()).any(|bytes| bytes == JANE.as_bytes()));
    assert_ne!(challenges[0].id, challenge);
    assert!(messages.iter().all(|message| message.body.is_none()), "a delivered body is wiped");
    assert!(!codes[0].mac.windows(code.len()).any(|bytes| bytes == code.as_bytes()));
}
