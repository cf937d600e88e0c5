//! Who may verify: the one who logged in, shown by challenge id, session cookie or address; anybody else costs the owner nothing.

use crate::support::*;

on_every_engine!(
    the_session_cookie_verifies_from_another_address,
    the_same_address_verifies_without_id_or_cookie,
    another_address_without_id_or_cookie_is_refused_and_costs_no_attempt,
    the_challenge_id_verifies_from_another_address,
    a_wrong_challenge_id_is_refused_and_costs_no_attempt,
    the_cookie_of_another_browser_is_worth_nothing,
    same_address_may_be_widened_or_switched_off,
    the_three_newest_challenges_of_a_caller_are_tried,
    a_right_code_for_the_newest_spares_the_others_no_count,
    challenges_of_another_address_are_not_tried,
);

const JANE: &str = "jane@example.com";

async fn the_session_cookie_verifies_from_another_address(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let browser = app.browser();
    let (_, code) = app.open_challenge(&browser, JANE).await;

    let answer = browser.from("127.0.0.2").verify(JANE, &code).await;

    answer.token();
}

async fn the_same_address_verifies_without_id_or_cookie(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (_, code) = app.open_challenge(&app.client(), JANE).await;

    let answer = app.client().verify(JANE, &code).await;

    answer.token();
}

async fn another_address_without_id_or_cookie_is_refused_and_costs_no_attempt(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;

    for _ in 0..12 {
        client.from("127.0.0.2").verify(JANE, &code).await.assert_text(400, INVALID_CODE);
    }

    assert_eq!(app.attempts().await, [0]);
    client.verify_challenge(JANE, &code, &challenge).await.token();
}

async fn the_challenge_id_verifies_from_another_address(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;

    let answer = client.from("127.0.0.2").verify_challenge(JANE, &code, &challenge).await;

    answer.token();
}

async fn a_wrong_challenge_id_is_refused_and_costs_no_attempt(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let browser = app.browser();
    let (challenge, code) = app.open_challenge(&browser, JANE).await;
    let turned: String = challenge.chars().rev().collect();

    for other in [turned.as_str(), "x", &"A".repeat(10_000), "' OR 1=1 --", "é\u{202e}"] {
        browser.verify_challenge(JANE, &code, other).await.assert_text(400, INVALID_CODE);
    }

    assert_eq!(app.attempts().await, [0]);
    browser.verify_challenge(JANE, &code, &challenge).await.token();
}

async fn the_cookie_of_another_browser_is_worth_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user("eve@example.com").await;
    let eve = app.browser().from("127.0.0.2");
    app.open_challenge(&eve, "eve@example.com").await;
    let (_, code) = app.open_challenge(&app.browser(), JANE).await;

    let answer = eve.verify(JANE, &code).await;

    answer.assert_text(400, INVALID_CODE);
    assert_eq!(app.attempts().await, [0, 0]);
}

async fn same_address_may_be_widened_or_switched_off(engine: Engine) {
    let off = TestApp::builder(engine).set("accounts.same_address", "off").start().await;
    off.add_two_step_user(JANE).await;
    let (challenge, code) = off.open_challenge(&off.client(), JANE).await;
    let wide = TestApp::builder(engine).set("accounts.same_address", "prefix").start().await;
    wide.add_two_step_user(JANE).await;
    let (_, wide_code) = wide.open_challenge(&wide.client(), JANE).await;

    let refused = off.client().verify(JANE, &code).await;
    let shown = off.client().verify_challenge(JANE, &code, &challenge).await;
    let far = wide.client().from("127.0.1.1").verify(JANE, &wide_code).await;
    let near = wide.client().from("127.0.0.9").verify(JANE, &wide_code).await;

    refused.assert_text(400, INVALID_CODE);
    shown.token();
    far.assert_text(400, INVALID_CODE);
    near.token();
}

async fn the_three_newest_challenges_of_a_caller_are_tried(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let mut opened = Vec::new();
    for _ in 0..4 {
        opened.push(app.open_challenge(&client, JANE).await);
        app.advance(1).await;
    }
    let (oldest, oldest_code) = &opened[0];

    let fourth = client.verify(JANE, oldest_code).await;
    let attempts = app.attempts().await;
    let third = client.verify(JANE, &opened[1].1).await;
    let by_id = client.verify_challenge(JANE, oldest_code, oldest).await;

    fourth.assert_text(400, INVALID_CODE);
    assert_eq!(attempts, [0, 1, 1, 1]);
    third.token();
    by_id.token();
}

async fn a_right_code_for_the_newest_spares_the_others_no_count(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    app.open_challenge(&client, JANE).await;
    app.advance(1).await;
    let (_, code) = app.open_challenge(&client, JANE).await;

    let answer = client.verify(JANE, &code).await;

    answer.token();
    let attempts = app.attempts().await;
    assert!(attempts.iter().all(|count| *count <= 1), "{attempts:?}");
}

async fn challenges_of_another_address_are_not_tried(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (_, here) = app.open_challenge(&client, JANE).await;
    app.advance(1).await;
    let there = client.from("127.0.0.2");
    app.open_challenge(&there, JANE).await;

    let answer = there.verify(JANE, &here).await;

    answer.assert_text(400, INVALID_CODE);
    assert_eq!(app.attempts().await, [0, 1]);
}
