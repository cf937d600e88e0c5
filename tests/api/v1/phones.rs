//! A phone number: confirmed by a texted code, with its guesses, its numbers and its budget.

use futures_util::future::join_all;
use sea_orm::EntityTrait as _;
use serde_json::json;

use super::factors::{switch_on, with_phone};
use super::*;

on_every_engine!(
    parallel_guesses_at_a_number_are_told_no_more_than_is_left,
    a_phone_is_added_by_its_code_and_used,
    a_phone_code_has_its_guesses_and_an_account_its_numbers,
    a_spent_text_budget_asks_to_come_back,
    a_refused_number_is_refused_again_and_leaves_nothing,
    a_number_that_has_had_its_guesses_gets_another_code_as_often_as_a_destination_may,
    without_texts_only_a_code_on_its_way_is_good,
    of_right_codes_for_a_number_at_once_one_is_used_and_none_is_too_many,
    of_removals_of_a_number_at_once_one_is_told,
);

/// The code of the newest text to `number`, once it has had so many.
pub(super) async fn newest_text(app: &TestApp, number: &str, count: usize) -> String {
    eventually("another text", async || {
        let caught = app.client().get("/dev/inbox.json").await.json();
        let texts: Vec<_> = caught.as_array()?.iter().filter(|message| message["to"] == number).collect();
        (texts.len() == count).then(|| texts[0]["code"].as_str().map(str::to_owned))?
    })
    .await
}

async fn a_phone_is_added_by_its_code_and_used(engine: Engine) {
    let (app, me) = with_phone(engine).await;

    let begun = me.send("POST", "/me/phone", &json!({"phoneNumber": "+49 151 12345678"})).await;
    let code = texted_code(&app, NUMBER).await;
    let unconfirmed = me.get("/me/factors").await.json();
    me.send("POST", "/me/phone/verify", &json!({"code": code})).await.assert_status(204);
    let again = me.send("POST", "/me/phone/verify", &json!({"code": code})).await;
    let confirmed = me.get("/me/factors").await.json();

    assert_eq!((begun.status, begun.text.as_str()), (202, "{}"));
    assert_eq!(unconfirmed["factors"].as_array().unwrap().len(), 1);
    again.assert_problem(410, "challenge_closed");
    assert_eq!(confirmed["factors"][1]["destination"], "•••• 78");
    assert!(confirmed["factors"][1]["confirmedAt"].is_string());
    switch_on(&me).await;
    app.advance(60).await;
    let client = app.client();
    let challenge = client.log_in(JANE).await.v1_challenge_id();
    client.send_code(&challenge, "Sms").await.assert_status(202);
    let second = newest_text(&app, NUMBER, 2).await;
    client.guess(&challenge, &second).await.tokens();
    assert_eq!(app.user(JANE).await.phone_number.as_deref(), Some(NUMBER));
}

async fn a_phone_code_has_its_guesses_and_an_account_its_numbers(engine: Engine) {
    let (app, me) = with_phone(engine).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let code = texted_code(&app, NUMBER).await;

    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER}))
        .await
        .assert_problem(429, "resend_too_soon");
    let malformed = me.send("POST", "/me/phone/verify", &json!({"code": "12"})).await;
    assert_eq!(malformed.wrong_fields()[0].0, "code");
    for left in (0..5).rev() {
        let refused = me.send("POST", "/me/phone/verify", &json!({"code": wrong(&code)})).await;
        assert_eq!(refused.assert_problem(422, "invalid_code")["attemptsLeft"], left);
    }
    me.send("POST", "/me/phone/verify", &json!({"code": code})).await.assert_problem(410, "challenge_closed");
    for number in ["+4915112345679", "+4915112345680"] {
        me.send("POST", "/me/phone", &json!({"phoneNumber": number})).await.assert_status(202);
    }
    let fourth = me.send("POST", "/me/phone", &json!({"phoneNumber": "+4915112345681"})).await;
    let premium = me.send("POST", "/me/phone", &json!({"phoneNumber": "+499001234567"})).await;

    fourth.assert_problem(429, "too_many_sends");
    assert_eq!(premium.wrong_fields(), [("phoneNumber".to_owned(), "not_allowed".to_owned())]);
    assert_eq!(app.user(JANE).await.phone_number, None);
    let plain = TestApp::start(engine).await;
    plain.add_user(JANE).await;
    let body = json!({"phoneNumber": NUMBER});
    Me::log_in(&plain).await.send("POST", "/me/phone", &body).await.assert_problem(409, "no_valid_provider");
}

async fn a_spent_text_budget_asks_to_come_back(engine: Engine) {
    let app = with_texts(engine).set("providers.Sms.daily_budget", "1/day").start().await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);

    for number in ["+4915112345679", NUMBER] {
        let spent = me.send("POST", "/me/phone", &json!({"phoneNumber": number})).await;
        assert_eq!(spent.assert_problem(429, "too_many_sends")["retryAfter"], 3_600);
    }

    app.advance(25 * 3_600).await;
    let later = Me::log_in(&app).await;
    later.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
}

async fn parallel_guesses_at_a_number_are_told_no_more_than_is_left(engine: Engine) {
    let (app, me) = with_phone(engine).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let guess = json!({"code": wrong(&texted_code(&app, NUMBER).await)});

    let answers = join_all((0..5).map(|_| me.send("POST", "/me/phone/verify", &guess))).await;

    assert_told_what_is_left(&answers, 422);
}

async fn a_refused_number_is_refused_again_and_leaves_nothing(engine: Engine) {
    let (app, me) = with_phone(engine).await;
    let begin = async |number: &str| me.send("POST", "/me/phone", &json!({"phoneNumber": number})).await;
    for number in [NUMBER, "+4915112345679", "+4915112345680"] {
        begin(number).await.assert_status(202);
    }

    for number in ["+4915112345681", "+4915112345682"] {
        for _ in 0..2 {
            begin(number).await.assert_problem(429, "too_many_sends");
        }
    }

    let windows = entity::window::Entity::find().all(app.db()).await.unwrap();
    let of_numbers = windows.iter().filter(|window| window.key.starts_with("number:"));
    assert_eq!(of_numbers.count(), 3);
    app.advance(60).await;
    begin(NUMBER).await.assert_status(202);
}

async fn a_number_that_has_had_its_guesses_gets_another_code_as_often_as_a_destination_may(engine: Engine) {
    let app = with_texts(engine).set("two_step.destination_sends", "3/day").start().await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let begin = async || me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await;

    for round in 1..=3 {
        begin().await.assert_status(202);
        let code = newest_text(&app, NUMBER, round).await;
        for left in (0..5).rev() {
            let refused = me.send("POST", "/me/phone/verify", &json!({"code": wrong(&code)})).await;
            assert_eq!(refused.assert_problem(422, "invalid_code")["attemptsLeft"], left);
        }
        let right = me.send("POST", "/me/phone/verify", &json!({"code": code})).await;
        right.assert_problem(410, "challenge_closed");
        begin().await.assert_problem(429, "resend_too_soon");
        app.advance(60).await;
    }

    begin().await.assert_problem(429, "too_many_sends");
    app.all_sent().await;
    assert_eq!(app.attempts().await, [5, 5, 5]);
}

async fn without_texts_only_a_code_on_its_way_is_good(engine: Engine) {
    let texts = "[providers.Sms]\nenabled = true\ngateway = \"inbox\"\n";
    let app = TestApp::builder(engine).file(texts).start().await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let verify = json!({"code": texted_code(&app, NUMBER).await});
    app.reload("").await.ok().unwrap();

    me.send("POST", "/me/phone/verify", &verify).await.assert_status(204);
    let nothing_waits = me.send("POST", "/me/phone/verify", &verify).await;

    nothing_waits.assert_problem(409, "no_valid_provider");
}

async fn of_right_codes_for_a_number_at_once_one_is_used_and_none_is_too_many(engine: Engine) {
    let (app, me) = with_phone(engine).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let verify = json!({"code": texted_code(&app, NUMBER).await});

    let answers = join_all((0..12).map(|_| me.send("POST", "/me/phone/verify", &verify))).await;

    let (used, late): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 204);
    assert_eq!(used.len(), 1, "{answers:?}");
    for answer in late {
        answer.assert_problem(410, "challenge_closed");
    }
    assert!(app.attempts().await[0] <= 5);
}

async fn of_removals_of_a_number_at_once_one_is_told(engine: Engine) {
    let (app, me) = with_phone(engine).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let code = texted_code(&app, NUMBER).await;
    me.send("POST", "/me/phone/verify", &json!({"code": code})).await.assert_status(204);

    let nothing = json!({});
    let answers = join_all((0..6).map(|_| me.send("DELETE", "/me/phone", &nothing))).await;

    assert!(answers.iter().all(|answer| answer.status == 204), "{answers:?}");
    let events = me.get("/me/events").await.json();
    let removed = events.as_array().unwrap().iter().filter(|event| event["event"] == "phone_removed");
    assert_eq!(removed.count(), 1);
}
