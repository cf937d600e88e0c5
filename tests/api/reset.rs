//! Forgotten passwords: the mailed link, and what a new password ends.

use std::time::Duration;

use sea_orm::EntityTrait;
use serde_json::json;

use crate::support::*;

on_every_engine!(
    a_forgotten_password_is_replaced_by_a_mailed_link,
    unknown_and_known_addresses_are_answered_alike,
    a_weak_password_does_not_burn_the_link,
    the_link_works_once,
    of_parallel_resets_one_wins,
    a_link_is_good_for_its_own_user_only,
    the_link_dies_exactly_at_its_expiry,
    a_reset_kills_the_other_links,
    a_confirmation_token_resets_nothing,
    a_reset_ends_open_challenges,
    a_reset_lifts_a_lock,
    a_reset_does_not_skip_the_second_step,
    a_reset_ends_sessions,
    a_disabled_account_gets_no_new_password,
    a_disabled_account_gets_no_link,
    a_reset_of_an_unconfirmed_address_makes_it_its_owners,
);

const JANE: &str = "jane@example.com";

async fn forgotten(app: &TestApp, email: &str) -> Link {
    app.client().forgot(email).await.assert_text(200, "");
    app.link_for(email, RESET).await
}

/// A link that is refused names what is wrong in `errors`, and changes nothing.
#[track_caller]
fn assert_refused_link(answer: &Answer) {
    let errors = answer.errors();
    assert!(!errors.is_empty() && !errors[0].is_empty(), "{}", answer.text);
}

async fn a_forgotten_password_is_replaced_by_a_mailed_link(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    let link = forgotten(&app, JANE).await;
    assert_eq!(link.base, CLIENT_URI);
    assert_eq!(link.email, JANE);

    let answer = client.reset(&link, NEW_PASSWORD).await;

    answer.assert_text(200, "");
    client.login_with(JANE, PASSWORD).await.assert_refused(INVALID);
    client.login_with(JANE, NEW_PASSWORD).await.token();
}

async fn unknown_and_known_addresses_are_answered_alike(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();

    let known = client.forgot(JANE).await;
    let unknown = client.forgot("nobody@example.com").await;

    let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
    for answer in [&known, &unknown] {
        answer.assert_text(200, "");
        assert_eq!(names(answer), names(&known));
    }
    app.all_sent().await;
    assert_eq!(app.mails(JANE, RESET).len(), 1);
    assert!(app.mails_to("nobody@example.com").is_empty());
}

async fn a_weak_password_does_not_burn_the_link(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    let link = forgotten(&app, JANE).await;

    let short = client.reset(&link, "short").await;
    let common = client.reset(&link, "password1").await;
    let body = json!({
        "password": NEW_PASSWORD, "confirmPassword": PASSWORD, "token": link.token, "email": link.email,
    });
    let unequal = client.post("/api/accounts/resetpassword", &body).await;

    assert_eq!(short.errors(), ["Passwords must be at least 8 characters."]);
    assert_eq!(common.errors(), ["Passwords must not be a common one."]);
    assert_eq!(unequal.errors(), ["The password and confirmation password do not match."]);
    client.login(JANE).await.token();
    client.reset(&link, NEW_PASSWORD).await.assert_status(200);
}

async fn the_link_works_once(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    let link = forgotten(&app, JANE).await;
    client.reset(&link, NEW_PASSWORD).await.assert_status(200);

    let again = client.reset(&link, "Another-Word-9").await;

    assert_refused_link(&again);
    client.login_with(JANE, "Another-Word-9").await.assert_refused(INVALID);
    client.login_with(JANE, NEW_PASSWORD).await.token();
}

async fn of_parallel_resets_one_wins(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    let link = forgotten(&app, JANE).await;
    let words: Vec<String> = (0..8).map(|number| format!("Another-Word-{number}")).collect();

    let answers = futures_util::future::join_all(words.iter().map(|word| client.reset(&link, word))).await;

    let winners: Vec<_> = answers.iter().zip(&words).filter(|(answer, _)| answer.status == 200).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    for word in &words {
        let login = client.login_with(JANE, word).await;
        assert_eq!(login.status == 200, word == winners[0].1, "{word}");
        app.advance(600).await;
    }
}

async fn a_link_is_good_for_its_own_user_only(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    app.add_user("joe@example.com").await;
    let client = app.client();
    let link = forgotten(&app, JANE).await;

    let for_joe =
        client.reset(&Link { email: "joe@example.com".to_owned(), ..link.clone() }, NEW_PASSWORD).await;

    assert_refused_link(&for_joe);
    client.login("joe@example.com").await.token();
    client.reset(&link, NEW_PASSWORD).await.assert_status(200);
}

async fn the_link_dies_exactly_at_its_expiry(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    app.add_user("joe@example.com").await;
    let client = app.client();
    let jane = forgotten(&app, JANE).await;
    let joe = forgotten(&app, "joe@example.com").await;

    app.clock.advance(Duration::from_millis(2 * 3_600_000 - 1));
    let before = client.reset(&jane, NEW_PASSWORD).await;
    app.clock.advance(Duration::from_millis(1));
    let at = client.reset(&joe, NEW_PASSWORD).await;

    before.assert_status(200);
    assert_refused_link(&at);
    client.login("joe@example.com").await.token();
}

async fn a_reset_kills_the_other_links(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    let first = forgotten(&app, JANE).await;
    let second = forgotten(&app, JANE).await;

    client.reset(&first, NEW_PASSWORD).await.assert_status(200);
    let late = client.reset(&second, "Another-Word-9").await;

    assert_refused_link(&late);
    client.login_with(JANE, NEW_PASSWORD).await.token();
}

async fn a_confirmation_token_resets_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    client.register(JANE).await.assert_status(201);
    let link = app.link_for(JANE, CONFIRMATION).await;

    let answer = client.reset(&link, NEW_PASSWORD).await;

    assert_refused_link(&answer);
    client.confirm(&link).await.assert_status(200);
    client.login(JANE).await.token();
}

async fn a_reset_ends_open_challenges(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let link = forgotten(&app, JANE).await;

    client.reset(&link, NEW_PASSWORD).await.assert_status(200);

    client.verify_challenge(JANE, &code, &challenge).await.assert_text(400, INVALID_CODE);
    client.verify(JANE, &code).await.assert_text(400, INVALID_CODE);
}

async fn a_reset_lifts_a_lock(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    for _ in 0..5 {
        client.login_with(JANE, "Wrong-Horse-7").await.assert_refused(INVALID);
    }
    client.login(JANE).await.assert_refused(INVALID);
    let link = forgotten(&app, JANE).await;

    client.reset(&link, NEW_PASSWORD).await.assert_status(200);

    client.login_with(JANE, NEW_PASSWORD).await.token();
}

async fn a_reset_does_not_skip_the_second_step(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let browser = app.browser();
    let link = forgotten(&app, JANE).await;

    browser.reset(&link, NEW_PASSWORD).await.assert_text(200, "");
    let login = browser.login_with(JANE, NEW_PASSWORD).await;

    assert_eq!(login.json()["is2StepVerificationRequired"], true);
}

async fn a_reset_ends_sessions(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    client.login(JANE).await.token();
    let link = forgotten(&app, JANE).await;

    client.reset(&link, NEW_PASSWORD).await.assert_status(200);

    let sessions = entity::session::Entity::find().all(app.db()).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert!(sessions[0].ended_at.is_some());
}

async fn a_disabled_account_gets_no_link(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let disable = twostep::auth::Change { disabled: Some(true), ..Default::default() };
    app.change(JANE, disable).await;

    app.client().forgot(JANE).await.assert_text(200, "");

    app.all_sent().await;
    assert!(app.mails_to(JANE).is_empty());
}

async fn a_disabled_account_gets_no_new_password(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let link = forgotten(&app, JANE).await;
    let disable = twostep::auth::Change { disabled: Some(true), ..Default::default() };
    app.change(JANE, disable).await;
    let client = app.client();

    client.reset(&link, NEW_PASSWORD).await;

    client.login_with(JANE, NEW_PASSWORD).await.assert_refused(INVALID);
    client.login(JANE).await.assert_refused(INVALID);
}

async fn a_reset_of_an_unconfirmed_address_makes_it_its_owners(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    client.register(JANE).await.assert_status(201);
    let registered = app.link_for(JANE, CONFIRMATION).await;
    let link = forgotten(&app, JANE).await;

    client.reset(&link, NEW_PASSWORD).await.assert_status(200);

    // The mailed link has shown whose address it is; what was registered before is dead.
    client.login_with(JANE, NEW_PASSWORD).await.token();
    client.confirm(&registered).await.assert_text(400, "Invalid Email Confirmation Request");
    client.login_with(JANE, NEW_PASSWORD).await.token();
    client.login(JANE).await.assert_refused(INVALID);
}
