//! How many guesses are judged: per challenge, per account, and in a row.

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use twostep::auth::Change;

use crate::support::*;

on_every_engine!(
    five_wrong_codes_close_the_challenge,
    of_50_parallel_wrong_codes_at_most_five_are_judged,
    a_spent_row_judges_nothing,
    a_new_code_does_not_refill_the_budget_of_the_account,
    the_budget_of_the_account_slides_back,
    a_right_code_over_the_budget_of_the_account_is_refused_too,
    parallel_guesses_over_many_challenges_share_the_budget_of_the_account,
    a_guess_whose_client_hangs_up_is_counted,
    right_codes_do_not_spend_the_budget_of_the_account,
    guesses_at_a_spent_challenge_do_not_spend_the_budget_of_the_account,
    a_hundred_wrong_codes_in_a_row_disable_the_factor,
    a_right_code_ends_the_row_of_wrong_ones,
    a_mailed_reset_enables_the_factor_again,
    the_operator_enables_the_factor_again,
);

const JANE: &str = "jane@example.com";
const NO_PROVIDER: &str = "Invalid 2-Step Verification Provider.";

async fn five_wrong_codes_close_the_challenge(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;

    for _ in 0..5 {
        client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);
    }

    client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, SPENT);
    client.verify_challenge(JANE, &code, &challenge).await.assert_text(400, SPENT);
    client.verify(JANE, &code).await.assert_text(400, SPENT);
    assert_eq!(app.attempts().await, [5]);
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &code, &challenge).await.token();
}

async fn of_50_parallel_wrong_codes_at_most_five_are_judged(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let guess = wrong(&code);

    let guesses = (0..50).map(|_| client.verify_challenge(JANE, &guess, &challenge));
    let answers = futures_util::future::join_all(guesses).await;

    let judged = answers.iter().filter(|answer| answer.text == INVALID_CODE).count();
    assert!(judged <= 5, "{judged} were judged");
    assert!(answers.iter().all(|answer| answer.status == 400), "{answers:?}");
    assert!(app.attempts().await[0] <= 5);
    let right = client.verify_challenge(JANE, &code, &challenge).await;
    right.assert_text(400, SPENT);
}

async fn a_spent_row_judges_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let row = entity::challenge::Entity::find_by_id(twostep::vault::digest(&challenge));
    let mut row = row.one(app.db()).await.unwrap().unwrap().into_active_model();
    row.attempts = Set(5);
    row.update(app.db()).await.unwrap();

    let answer = client.verify_challenge(JANE, &code, &challenge).await;

    answer.assert_text(400, SPENT);
    assert_eq!(app.attempts().await, [5]);
}

async fn a_new_code_does_not_refill_the_budget_of_the_account(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    for _ in 0..2 {
        let (challenge, code) = app.open_challenge(&client, JANE).await;
        for _ in 0..5 {
            client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);
        }
    }

    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let answer = client.verify_challenge(JANE, &code, &challenge).await;

    answer.assert_text(400, SPENT);
}

async fn the_budget_of_the_account_slides_back(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.max_attempts", "9").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    for _ in 0..9 {
        client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);
    }
    app.advance(10 * 60).await;
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);

    // Ten in the last quarter of an hour: spent. Nine of them leave the window first.
    client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, SPENT);
    app.advance(5 * 60 - 1).await;
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &code, &challenge).await.assert_text(400, SPENT);
    app.advance(2).await;
    let answer = client.verify_challenge(JANE, &code, &challenge).await;

    answer.token();
}

async fn a_right_code_over_the_budget_of_the_account_is_refused_too(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.account_attempts", "2/15m").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    for _ in 0..2 {
        client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);
    }

    let right = client.verify_challenge(JANE, &code, &challenge).await;

    right.assert_text(400, SPENT);
    assert!(entity::session::Entity::find().all(app.db()).await.unwrap().is_empty());
}

async fn parallel_guesses_over_many_challenges_share_the_budget_of_the_account(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.account_attempts", "7/15m").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let mut opened = Vec::new();
    for _ in 0..6 {
        opened.push(app.open_challenge(&client, JANE).await);
    }
    let wrong_codes: Vec<_> = opened.iter().map(|(id, code)| (id.clone(), wrong(code))).collect();

    let guesses = (0..5).flat_map(|_| &wrong_codes).map(|(id, code)| client.verify_challenge(JANE, code, id));
    let answers = futures_util::future::join_all(guesses).await;

    let judged = answers.iter().filter(|answer| answer.text == INVALID_CODE).count();
    assert!(judged <= 7, "{judged} were judged");
    let (challenge, code) = &opened[0];
    client.verify_challenge(JANE, code, challenge).await.assert_text(400, SPENT);
}

async fn a_guess_whose_client_hangs_up_is_counted(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let body = serde_json::json!({
        "email": JANE, "provider": "Email", "token": wrong(&code), "challengeId": challenge,
    });

    // A reset may outrun the request: it is sent again until five were counted.
    for _ in 0..200 {
        raw::post_and_hang_up(app.socket(), "/api/accounts/twostepverification", &body.to_string()).await;
        if app.attempts().await == [5] {
            break;
        }
    }

    assert_eq!(app.attempts().await, [5]);
    client.verify_challenge(JANE, &code, &challenge).await.assert_text(400, SPENT);
}

async fn right_codes_do_not_spend_the_budget_of_the_account(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.account_attempts", "1/15m").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();

    for _ in 0..3 {
        let (challenge, code) = app.open_challenge(&client, JANE).await;

        client.verify_challenge(JANE, &code, &challenge).await.token();
    }
}

async fn guesses_at_a_spent_challenge_do_not_spend_the_budget_of_the_account(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.account_attempts", "6/15m").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (spent, code) = app.open_challenge(&client, JANE).await;
    for _ in 0..5 {
        client.verify_challenge(JANE, &wrong(&code), &spent).await.assert_text(400, INVALID_CODE);
    }

    for _ in 0..3 {
        client.verify_challenge(JANE, &wrong(&code), &spent).await.assert_text(400, SPENT);
    }

    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &code, &challenge).await.token();
}

/// An app that gives a user a hundred guesses at once.
async fn generous(engine: Engine) -> TestApp {
    TestApp::builder(engine)
        .set("two_step.max_attempts", "200")
        .set("two_step.account_attempts", "1000/15m")
        .start()
        .await
}

async fn guess_wrong(app: &TestApp, client: &Client, times: usize) {
    let (challenge, code) = app.open_challenge(client, JANE).await;
    for _ in 0..times {
        client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);
    }
}

async fn a_hundred_wrong_codes_in_a_row_disable_the_factor(engine: Engine) {
    let app = generous(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    guess_wrong(&app, &client, 99).await;
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    app.all_sent().await;
    let before = app.mails_to(JANE).len();

    client.verify_challenge(JANE, &wrong(&code), &challenge).await.assert_text(400, INVALID_CODE);

    let right = client.verify_challenge(JANE, &code, &challenge).await;
    assert_eq!(right.status, 400, "a disabled factor takes no code: {}", right.text);
    client.login(JANE).await.assert_refused(NO_PROVIDER);
    app.all_sent().await;
    let mails = app.mails_to(JANE);
    assert_eq!(mails.len(), before + 1, "its owner is told once");
    assert!(!mails[before].has_token() && mails[before].digit_lines().is_empty());
    assert_eq!(app.running.auth.show_user(JANE).await.unwrap().disabled_factors, ["Email"]);
}

async fn a_right_code_ends_the_row_of_wrong_ones(engine: Engine) {
    let app = generous(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    guess_wrong(&app, &client, 60).await;
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &code, &challenge).await.token();

    guess_wrong(&app, &client, 60).await;

    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &code, &challenge).await.token();
}

async fn a_mailed_reset_enables_the_factor_again(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.account_attempts_total", "3").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    guess_wrong(&app, &client, 3).await;
    client.login(JANE).await.assert_refused(NO_PROVIDER);

    client.forgot(JANE).await.assert_status(200);
    let link = app.link_for(JANE, RESET).await;
    client.reset(&link, NEW_PASSWORD).await.assert_status(200);

    let login = client.login_with(JANE, NEW_PASSWORD).await;
    let code = app.code_for(JANE).await;
    client.verify_challenge(JANE, &code, &login.challenge_id()).await.token();
}

async fn the_operator_enables_the_factor_again(engine: Engine) {
    let app = TestApp::builder(engine)
        .set("two_step.account_attempts", "3/15m")
        .set("two_step.account_attempts_total", "3")
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    guess_wrong(&app, &client, 3).await;
    client.login(JANE).await.assert_refused(NO_PROVIDER);

    app.change(JANE, Change { unlock: true, ..Change::default() }).await;

    let (challenge, code) = app.open_challenge(&client, JANE).await;
    client.verify_challenge(JANE, &code, &challenge).await.token();
}
