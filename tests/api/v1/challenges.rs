//! Challenges: moved, sent again, guessed at, and closed.

use futures_util::future::join_all;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use std::time::Duration;

use serde_json::json;

use super::*;

on_every_engine!(
    a_code_is_sent_again_and_stays_the_same,
    a_challenge_moves_to_another_provider_and_each_has_its_own_code,
    the_cool_down_is_per_destination,
    what_may_be_sent_again_at_an_instant_may_be_sent_then,
    a_challenge_has_its_messages_and_no_more,
    sending_again_never_refills_the_guesses,
    five_wrong_codes_close_the_challenge,
    of_parallel_right_codes_one_signs_in,
    of_parallel_wrong_codes_five_are_judged,
    parallel_guesses_are_told_no_more_than_is_left,
    the_account_has_its_own_budget,
    malformed_codes_cost_no_attempt,
    a_provider_that_is_not_valid_is_refused,
    guesses_by_a_factor_that_is_not_there_cost_nothing,
    a_challenge_ends_in_its_time,
    a_failed_delivery_is_told_and_another_provider_can_be_used_at_once,
    a_code_of_another_challenge_or_provider_is_worth_nothing,
    what_changed_meanwhile_closes_the_challenge,
    a_second_login_leaves_the_first_challenge_open,
);

async fn a_code_is_sent_again_and_stays_the_same(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, first) = opened(&app, &client).await;

    app.advance(60).await;
    let again = client.send_code(&challenge, "Email").await;
    let second = app.code_for(JANE).await;

    again.assert_status(202);
    assert_eq!(again.json()["sendsLeft"], 3);
    assert_eq!(second, first);
    client.guess(&challenge, &first).await.tokens();
}

async fn a_challenge_moves_to_another_provider_and_each_has_its_own_code(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let client = app.client();
    let (challenge, mailed) = opened(&app, &client).await;

    let moved = client.send_code(&challenge, "Sms").await;
    let texted = texted_code(&app, NUMBER).await;

    moved.assert_status(202);
    let view = moved.json();
    assert_eq!((&view["provider"], &view["kind"]), (&json!("Sms"), &json!("sms")));
    assert_eq!(view["destination"], "•••• 78");
    assert_ne!(texted, mailed);
    client.guess_by(&challenge, "Sms", &mailed).await.assert_problem(401, "invalid_code");
    client.guess_by(&challenge, "Email", &mailed).await.tokens();
}

async fn what_may_be_sent_again_at_an_instant_may_be_sent_then(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.clock.advance(Duration::from_millis(250));
    let (client, challenge) = (app.client(), app.client().log_in(JANE).await.challenge());

    let told = chrono::DateTime::parse_from_rfc3339(challenge["resendAt"].as_str().unwrap()).unwrap();
    let wait = told.timestamp_millis() - app.clock.now().millis();
    app.all_sent().await;
    app.clock.advance(Duration::from_millis(wait.try_into().unwrap()));

    assert_eq!(wait, 60_750);
    client.send_code(challenge["id"].as_str().unwrap(), "Email").await.assert_status(202);
}

async fn the_cool_down_is_per_destination(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let client = app.client();
    let (challenge, _) = opened(&app, &client).await;
    let (other, _) = opened(&app, &client).await;

    let too_soon = client.send_code(&challenge, "Email").await;
    client.send_code(&challenge, "Sms").await.assert_status(202);
    let elsewhere = client.send_code(&other, "Sms").await;
    app.advance(59).await;
    let still = client.send_code(&challenge, "Email").await;
    app.advance(1).await;
    let in_time = client.send_code(&challenge, "Email").await;

    assert_eq!(too_soon.assert_problem(429, "resend_too_soon")["retryAfter"], 60);
    elsewhere.assert_problem(429, "resend_too_soon");
    assert_eq!(still.assert_problem(429, "resend_too_soon")["retryAfter"], 1);
    in_time.assert_status(202);
}

async fn a_challenge_has_its_messages_and_no_more(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.code_lifetime", "1h").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    for left in [3, 2, 1, 0] {
        // A lease that the clock leaps over would be carried twice.
        app.all_sent().await;
        app.advance(60).await;
        assert_eq!(client.send_code(&challenge, "Email").await.json()["sendsLeft"], left);
    }
    app.all_sent().await;
    app.advance(60).await;

    client.send_code(&challenge, "Email").await.assert_problem(429, "too_many_sends");
    app.all_sent().await;
    assert_eq!(app.mails(JANE, CODE).len(), 5);
    client.guess(&challenge, &code).await.tokens();
}

async fn sending_again_never_refills_the_guesses(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    for left in [4, 3] {
        let refused = client.guess(&challenge, &wrong(&code)).await;
        assert_eq!(refused.assert_problem(401, "invalid_code")["attemptsLeft"], left);
    }
    let moved = client.send_code(&challenge, "Sms").await.json();
    app.advance(60).await;
    let again = client.send_code(&challenge, "Email").await.json();

    assert_eq!((&moved["attemptsLeft"], &again["attemptsLeft"]), (&json!(3), &json!(3)));
}

async fn five_wrong_codes_close_the_challenge(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    for left in (0..5).rev() {
        let refused = client.guess(&challenge, &wrong(&code)).await;
        assert_eq!(refused.assert_problem(401, "invalid_code")["attemptsLeft"], left);
    }

    client.guess(&challenge, &code).await.assert_problem(410, "challenge_closed");
    app.advance(60).await;
    client.send_code(&challenge, "Email").await.assert_problem(410, "challenge_closed");
    assert_eq!(client.show(&challenge).await.json()["status"], "closed");
    assert_eq!(app.attempts().await, [5]);
}

async fn of_parallel_right_codes_one_signs_in(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    let answers = join_all((0..20).map(|_| client.guess(&challenge, &code))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().all(|answer| [200, 401, 410].contains(&answer.status)), "{answers:?}");
    let sessions = entity::session::Entity::find().count(app.db()).await.unwrap();
    assert_eq!(sessions, 1);
}

async fn of_parallel_wrong_codes_five_are_judged(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;
    let guess = wrong(&code);

    let answers = join_all((0..50).map(|_| client.guess(&challenge, &guess))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 5, "{answers:?}");
    client.guess(&challenge, &code).await.assert_problem(410, "challenge_closed");
}

async fn parallel_guesses_are_told_no_more_than_is_left(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;
    let guess = wrong(&code);

    let answers = join_all((0..5).map(|_| client.guess(&challenge, &guess))).await;

    assert_told_what_is_left(&answers, 401);
}

async fn the_account_has_its_own_budget(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.account_attempts", "7/15m").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    for guesses in [4, 3] {
        let (challenge, code) = opened(&app, &client).await;
        for _ in 0..guesses {
            client.guess(&challenge, &wrong(&code)).await.assert_problem(401, "invalid_code");
        }
    }
    let (challenge, code) = opened(&app, &client).await;

    let spent = client.guess(&challenge, &code).await;

    let problem = spent.assert_problem(429, "too_many_attempts");
    assert_eq!(problem["retryAfter"], 900);
    let mut attempts = app.attempts().await;
    attempts.sort_unstable();
    assert_eq!(attempts, [0, 3, 4], "it was not judged");
    app.advance(900).await;
    let (challenge, code) = opened(&app, &client).await;
    client.guess(&challenge, &code).await.tokens();
}

async fn malformed_codes_cost_no_attempt(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    for typed in ["", "12345", "1234567", "12 456", "+12345", "１２３４５６", "abcdef", "1234\u{0}6"] {
        let fields = client.guess(&challenge, typed).await.wrong_fields();
        assert_eq!(fields[0].0, "code", "{typed:?}");
    }
    let nobody = client.v1(&format!("/challenges/{challenge}/verify"), &json!({})).await;

    assert_eq!(nobody.wrong_fields(), [("code".to_owned(), "required".to_owned())]);
    assert_eq!(app.attempts().await, [0]);
    client.guess(&challenge, &code).await.tokens();
}

async fn a_provider_that_is_not_valid_is_refused(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    for provider in ["Sms", "Authenticator", "RecoveryCode", "email", "nonsense"] {
        client.send_code(&challenge, provider).await.assert_problem(422, "invalid_provider");
    }
    for provider in ["Sms", "Authenticator", "RecoveryCode", "Email ", "nonsense"] {
        client.guess_by(&challenge, provider, &code).await.assert_problem(422, "invalid_provider");
    }

    assert_eq!(app.attempts().await, [0]);
    assert_eq!(client.show(&challenge).await.json()["provider"], "Email");
}

async fn guesses_by_a_factor_that_is_not_there_cost_nothing(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.account_attempts_total", "2").start().await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    super::factors::switch_on(&me).await;
    // Every code is used, and the app waits for its first one.
    entity::recovery_code::Entity::update_many()
        .col_expr(entity::recovery_code::Column::ConsumedAt, Expr::value(1))
        .exec(app.db())
        .await
        .unwrap();
    let strong = Me::log_in_with_code(&app).await;
    strong.send("POST", "/me/authenticator", &json!({})).await.assert_status(200);
    let client = app.client();
    let challenge = client.log_in(JANE).await.v1_challenge_id();
    app.all_sent().await;
    let mails = app.mails_to(JANE).len();

    for provider in ["Authenticator", "RecoveryCode"] {
        for _ in 0..3 {
            client.guess_by(&challenge, provider, "123456").await.assert_problem(422, "invalid_provider");
            let body =
                json!({"email": JANE, "provider": provider, "token": "123456", "challengeId": challenge});
            let article = client.post("/api/accounts/twostepverification", &body).await;
            article.assert_text(400, INVALID_CODE);
        }
    }

    assert_eq!(client.show(&challenge).await.json()["attemptsLeft"], 5);
    app.all_sent().await;
    assert_eq!(app.mails_to(JANE).len(), mails);
    assert!(app.running.auth.show_user(JANE).await.unwrap().disabled_factors.is_empty());
    let code = app.mails(JANE, CODE).last().unwrap().code();
    client.guess(&challenge, &code).await.tokens();
}

async fn a_challenge_ends_in_its_time(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    app.advance(300).await;

    client.guess(&challenge, &code).await.assert_problem(410, "challenge_closed");
    client.send_code(&challenge, "Email").await.assert_problem(410, "challenge_closed");
    assert_eq!(client.show(&challenge).await.json()["status"], "expired");
    assert_eq!(app.attempts().await, [0]);
    for id in ["x", "%00", "..%2f..", "a'b", &"A".repeat(2_000), &challenge[1..]] {
        client.show(id).await.assert_problem(404, "not_found");
        client.guess(id, &code).await.assert_problem(404, "not_found");
        client.send_code(id, "Email").await.assert_problem(404, "not_found");
    }
}

async fn a_failed_delivery_is_told_and_another_provider_can_be_used_at_once(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    app.sink.set_behaviour(Behaviour::Refuse);
    let client = app.client();

    let challenge = client.log_in(JANE).await.v1_challenge_id();
    eventually("a failed message", async || {
        let delivery = client.show(&challenge).await.json()["delivery"]["status"].clone();
        (delivery == "failed").then_some(())
    })
    .await;
    client.send_code(&challenge, "Sms").await.assert_status(202);

    let code = texted_code(&app, NUMBER).await;
    client.guess(&challenge, &code).await.tokens();
}

async fn a_code_of_another_challenge_or_provider_is_worth_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (one, code_of_one) = opened(&app, &client).await;
    let (other, code_of_other) = opened(&app, &client).await;
    assert_ne!(code_of_one, code_of_other, "once in a million");

    client.guess(&one, &code_of_other).await.assert_problem(401, "invalid_code");
    client.guess(&other, &code_of_one).await.assert_problem(401, "invalid_code");

    client.guess(&one, &code_of_one).await.tokens();
}

async fn what_changed_meanwhile_closes_the_challenge(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    let disable = twostep::auth::Change { disabled: Some(true), ..Default::default() };
    app.change(JANE, disable).await;

    client.guess(&challenge, &code).await.assert_problem(410, "challenge_closed");
    assert_eq!(client.show(&challenge).await.json()["status"], "closed");
}

async fn a_second_login_leaves_the_first_challenge_open(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (first, code) = opened(&app, &client).await;
    let (second, _) = opened(&app, &client).await;

    client.guess(&first, &code).await.tokens();

    assert_eq!(client.show(&second).await.json()["status"], "pending");
}
