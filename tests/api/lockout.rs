//! Five wrong passwords lock an account, and spare a browser that its owner has used before.

use std::time::Duration;

use serde_json::json;

use crate::support::*;

on_every_engine!(
    five_wrong_passwords_stop_the_right_one_too,
    the_owner_is_mailed_once_per_lock,
    the_mail_of_a_lock_links_to_the_page_that_the_client_names,
    the_lock_ends_after_five_minutes,
    a_right_password_ends_the_row_of_wrong_ones,
    of_parallel_wrong_passwords_the_lock_is_one,
    a_known_browser_still_signs_in,
    a_known_browser_has_a_budget_of_its_own,
    the_mark_of_a_browser_serves_its_own_account_only,
    spellings_share_one_budget,
    unknown_addresses_answer_like_locked_ones,
    guessing_while_locked_does_not_prolong_the_lock_for_ever,
    the_operator_lifts_a_lock,
    a_reset_lifts_the_lock_of_a_known_browser,
);

const JANE: &str = "jane@example.com";

async fn guess(client: &Client, email: &str, times: usize) {
    for _ in 0..times {
        client.login_with(email, "Wrong-Horse-7").await.assert_refused(INVALID);
    }
}

async fn five_wrong_passwords_stop_the_right_one_too(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    guess(&client, JANE, 4).await;
    let wrong = client.login_with(JANE, "Wrong-Horse-7").await;

    let right = client.login(JANE).await;
    let elsewhere = client.from("127.0.0.2").login(JANE).await;

    right.assert_refused(INVALID);
    elsewhere.assert_refused(INVALID);
    assert_eq!(right.text, wrong.text);
}

async fn the_owner_is_mailed_once_per_lock(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();

    guess(&client, JANE, 4).await;
    app.all_sent().await;
    let before = app.mails(JANE, LOCKED).len();
    // The notice is queued beside the answer, so that its time tells nothing.
    guess(&client, JANE, 6).await;
    app.next_mail(JANE, LOCKED).await;
    app.all_sent().await;
    let during = app.mails(JANE, LOCKED);
    app.advance(301).await;
    guess(&client, JANE, 5).await;
    app.next_mail(JANE, LOCKED).await;
    app.all_sent().await;
    let second = app.mails(JANE, LOCKED).len();

    assert_eq!((before, during.len(), second), (0, 1, 2));
    assert!(!during[0].has_token());
    assert!(during[0].digit_lines().is_empty());
}

async fn the_mail_of_a_lock_links_to_the_page_that_the_client_names(engine: Engine) {
    let app = TestApp::start(engine).await;
    let page = "http://localhost:4200/authentication/forgotpassword?lang=en";
    for (email, client_uri, linked) in [
        (JANE, Some(page), page),
        ("joe@example.com", None, "http://localhost:5001/authentication/forgotpassword"),
    ] {
        app.add_user(email).await;
        for _ in 0..5 {
            let body = json!({"email": email, "password": "not it at all", "clientURI": client_uri});
            app.client().post("/api/accounts/login", &body).await.assert_refused(INVALID);
        }

        let mail = app.next_mail(email, LOCKED).await;

        assert!(mail.text.lines().any(|line| line == linked), "{}", mail.text);
        assert!(mail.html.contains(&format!("href=\"{linked}\"")), "{}", mail.html);
    }
}

async fn the_lock_ends_after_five_minutes(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    guess(&client, JANE, 5).await;

    app.clock.advance(Duration::from_millis(5 * 60_000 - 1));
    let before = client.login(JANE).await;
    app.clock.advance(Duration::from_millis(1));
    let after = client.login(JANE).await;

    before.assert_refused(INVALID);
    after.token();
}

async fn a_right_password_ends_the_row_of_wrong_ones(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    guess(&client, JANE, 4).await;
    client.login(JANE).await.token();

    guess(&client, JANE, 4).await;

    client.login(JANE).await.token();
}

async fn of_parallel_wrong_passwords_the_lock_is_one(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();

    let guesses = (0..20).map(|_| client.login_with(JANE, "Wrong-Horse-7"));
    let answers = futures_util::future::join_all(guesses).await;

    assert!(answers.iter().all(|answer| answer.status == 401), "{answers:?}");
    client.login(JANE).await.assert_refused(INVALID);
    app.next_mail(JANE, LOCKED).await;
    app.all_sent().await;
    assert_eq!(app.mails(JANE, LOCKED).len(), 1);
}

async fn a_known_browser_still_signs_in(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    app.add_two_step_user("joe@example.com").await;
    let owner = app.browser();
    owner.login(JANE).await.token();
    let two_step_owner = app.browser();
    let (_, code) = app.open_challenge(&two_step_owner, "joe@example.com").await;
    two_step_owner.verify("joe@example.com", &code).await.token();
    let outsider = app.client().from("127.0.0.2");
    guess(&outsider, JANE, 6).await;
    guess(&outsider, "joe@example.com", 6).await;

    outsider.login(JANE).await.assert_refused(INVALID);
    app.client().login(JANE).await.assert_refused(INVALID);
    owner.login(JANE).await.token();
    two_step_owner.login("joe@example.com").await.challenge_id();
}

async fn a_known_browser_has_a_budget_of_its_own(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let owner = app.browser();
    owner.login(JANE).await.token();

    guess(&owner, JANE, 5).await;

    owner.login(JANE).await.assert_refused(INVALID);
}

async fn the_mark_of_a_browser_serves_its_own_account_only(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    app.add_user("eve@example.com").await;
    let eve = app.browser();
    eve.login("eve@example.com").await.token();
    guess(&app.client(), JANE, 5).await;

    eve.login(JANE).await.assert_refused(INVALID);
    guess(&eve, JANE, 20).await;
    app.next_mail(JANE, LOCKED).await;
    app.all_sent().await;

    assert_eq!(app.mails(JANE, LOCKED).len(), 1);
    eve.login("eve@example.com").await.token();
}

async fn spellings_share_one_budget(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();

    for spelling in
        ["JANE@example.com", "Jane@Example.COM", " jane@example.com", "ｊａｎｅ@example.com", JANE]
    {
        client.login_with(spelling, "Wrong-Horse-7").await.assert_refused(INVALID);
    }

    client.login(JANE).await.assert_refused(INVALID);
}

async fn unknown_addresses_answer_like_locked_ones(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();

    for _ in 0..8 {
        let known = client.login_with(JANE, "Wrong-Horse-7").await;
        let unknown = client.login_with("nobody@example.com", "Wrong-Horse-7").await;

        known.assert_refused(INVALID);
        assert_eq!((known.status, known.text), (unknown.status, unknown.text));
    }
    app.all_sent().await;
    assert!(app.mails_to("nobody@example.com").is_empty());
}

async fn guessing_while_locked_does_not_prolong_the_lock_for_ever(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    guess(&client, JANE, 5).await;

    app.advance(200).await;
    guess(&client, JANE, 10).await;
    app.advance(101).await;

    client.login(JANE).await.token();
}

async fn the_operator_lifts_a_lock(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    guess(&client, JANE, 5).await;
    let locked = app.running.auth.show_user(JANE).await.unwrap();

    let unlock = twostep::auth::Change { unlock: true, ..Default::default() };
    let unlocked = app.change(JANE, unlock).await;

    assert_eq!(locked.locked_until, Some(app.clock.now().plus(Duration::from_mins(5))));
    assert_eq!(unlocked.locked_until, None);
    client.login(JANE).await.token();
}

async fn a_reset_lifts_the_lock_of_a_known_browser(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let owner = app.browser();
    owner.login(JANE).await.token();
    guess(&owner, JANE, 5).await;
    owner.forgot(JANE).await.assert_status(200);
    let link = app.link_for(JANE, RESET).await;

    owner.reset(&link, "Another-Word-9").await.assert_status(200);

    owner.login_with(JANE, "Another-Word-9").await.token();
}
