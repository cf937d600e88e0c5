//! Two equal instances on one database: every guard holds across them.

use crate::support::*;

on_every_engine!(
    a_challenge_of_one_is_verified_at_the_other,
    a_code_is_good_once_across_instances,
    guesses_are_counted_together,
    wrong_passwords_are_counted_together,
    a_link_is_used_up_across_instances,
    a_cookie_of_one_is_good_at_the_other,
    each_message_is_handed_over_once,
    a_disabled_account_is_out_everywhere_at_once,
    one_stops_and_the_other_goes_on,
    keys_that_one_rotates_are_used_by_the_other_within_two_seconds,
);

const JANE: &str = "jane@example.com";

async fn two(engine: Engine) -> (TestApp, TestApp) {
    let one = TestApp::start(engine).await;
    let other = TestApp::builder(engine).beside(&one).start().await;
    (one, other)
}

async fn a_challenge_of_one_is_verified_at_the_other(engine: Engine) {
    let (one, other) = two(engine).await;
    one.add_two_step_user(JANE).await;
    let (challenge, code) = one.open_challenge(&one.client(), JANE).await;

    let token = other.client().verify_challenge(JANE, &code, &challenge).await.token();

    one.client().get_with("/api/companies", &token).await.assert_status(200);
}

async fn a_code_is_good_once_across_instances(engine: Engine) {
    let (one, other) = two(engine).await;
    one.add_two_step_user(JANE).await;
    let (challenge, code) = one.open_challenge(&one.client(), JANE).await;
    let clients = [one.client(), other.client()];

    let guesses = (0..4).map(|index| clients[index % 2].verify_challenge(JANE, &code, &challenge));
    let answers = futures_util::future::join_all(guesses).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
}

async fn guesses_are_counted_together(engine: Engine) {
    let (one, other) = two(engine).await;
    one.add_two_step_user(JANE).await;
    let (challenge, code) = one.open_challenge(&one.client(), JANE).await;
    let clients = [one.client(), other.client()];
    let guess = wrong(&code);

    let guesses = (0..12).map(|index| clients[index % 2].verify_challenge(JANE, &guess, &challenge));
    let answers = futures_util::future::join_all(guesses).await;

    let judged = answers.iter().filter(|answer| answer.text == INVALID_CODE).count();
    assert!(judged <= 5, "{judged} were judged");
    for client in &clients {
        client.verify_challenge(JANE, &code, &challenge).await.assert_text(400, SPENT);
    }
}

async fn wrong_passwords_are_counted_together(engine: Engine) {
    let (one, other) = two(engine).await;
    one.add_user(JANE).await;
    let clients = [one.client(), other.client()];

    for index in 0..5 {
        clients[index % 2].login_with(JANE, "Wrong-Horse-7").await.assert_refused(INVALID);
    }

    for client in &clients {
        client.login(JANE).await.assert_refused(INVALID);
    }
    one.next_mail(JANE, LOCKED).await;
    one.all_sent().await;
    assert_eq!(one.mails(JANE, LOCKED).len(), 1);
}

async fn a_link_is_used_up_across_instances(engine: Engine) {
    let (one, other) = two(engine).await;
    one.client().register(JANE).await.assert_status(201);
    let link = one.link_for(JANE, CONFIRMATION).await;
    let clients = [one.client(), other.client()];

    let answers = futures_util::future::join_all(clients.iter().map(|client| client.confirm(&link))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
}

async fn a_cookie_of_one_is_good_at_the_other(engine: Engine) {
    let (one, other) = two(engine).await;
    one.add_two_step_user(JANE).await;
    let browser = one.browser();
    let (_, code) = one.open_challenge(&browser, JANE).await;

    // Cookies do not tell ports apart: the browser shows what the first instance gave it.
    let answer = browser.to(&other.address).from("127.0.0.2").verify(JANE, &code).await;

    answer.token();
}

async fn each_message_is_handed_over_once(engine: Engine) {
    let one = TestApp::builder(engine).set("two_step.destination_sends", "off").start().await;
    let other = TestApp::builder(engine).set("two_step.destination_sends", "off").beside(&one).start().await;
    one.add_two_step_user(JANE).await;
    let clients = [one.client(), other.client()];

    for index in 0..20 {
        clients[index % 2].login(JANE).await.challenge_id();
    }
    one.all_sent().await;

    assert_eq!(one.mails(JANE, CODE).len(), 20);
}

async fn a_disabled_account_is_out_everywhere_at_once(engine: Engine) {
    let (one, other) = two(engine).await;
    one.add_two_step_user(JANE).await;
    let (challenge, code) = one.open_challenge(&one.client(), JANE).await;

    let disable = twostep::auth::Change { disabled: Some(true), ..Default::default() };
    one.change(JANE, disable).await;

    other.client().verify_challenge(JANE, &code, &challenge).await.assert_text(400, INVALID_CODE);
    other.client().login(JANE).await.assert_refused(INVALID);
}

async fn one_stops_and_the_other_goes_on(engine: Engine) {
    let (one, other) = two(engine).await;
    one.add_two_step_user(JANE).await;
    let (challenge, code) = one.open_challenge(&one.client(), JANE).await;

    one.stop().await;

    other.client().verify_challenge(JANE, &code, &challenge).await.token();
    // The new mail is the second one that the relay gets, and the first one that this instance is asked for.
    let next = other.client().login(JANE).await.challenge_id();
    other.all_sent().await;
    let mails = other.mails(JANE, CODE);
    other.client().verify_challenge(JANE, &mails[1].code(), &next).await.token();
}

async fn keys_that_one_rotates_are_used_by_the_other_within_two_seconds(engine: Engine) {
    let (one, other) = two(engine).await;
    one.add_user(JANE).await;
    let before = other.client().login(JANE).await.token();

    assert!(one.running.tokens.rotate().await.unwrap());
    let by_one = one.client().login(JANE).await.token();
    other.client().get_with("/api/companies", &by_one).await.assert_status(200);
    tokio::time::sleep(std::time::Duration::from_millis(1_900)).await;
    let by_other = other.client().login(JANE).await.token();

    assert_eq!(jwt::header(&by_other)["kid"], jwt::header(&by_one)["kid"]);
    assert_ne!(jwt::header(&before)["kid"], jwt::header(&by_one)["kid"]);
    for token in [before, by_one, by_other] {
        one.client().get_with("/api/companies", &token).await.assert_status(200);
    }
    let keys = async |app: &TestApp| app.client().get("/.well-known/jwks.json").await.json();
    assert_eq!(keys(&one).await, keys(&other).await);
    assert_eq!(keys(&one).await["keys"].as_array().unwrap().len(), 3);
}
