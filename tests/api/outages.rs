//! When something the server needs is away or full: the answer is no, soon, in the shape of the route.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;
use serde_json::json;

use crate::support::*;

on_every_engine!(
    without_a_database_every_route_is_busy,
    where_a_check_cannot_be_made_the_answer_is_no,
    a_relay_that_stalls_costs_nobody_else_anything,
);

const JANE: &str = "jane@example.com";

#[track_caller]
fn busy_text(answer: &Answer, status: u16) -> String {
    answer.assert_status(status);
    let seconds: u64 = answer.header("retry-after").expect("retry-after").parse().unwrap();
    format!("The service is busy. Try again in {seconds} seconds.")
}

async fn without_a_database_every_route_is_busy(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_user("joe@example.com").await;
    let client = app.client();
    let token = client.login("joe@example.com").await.token();
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let link = Link::parse(&format!("{CLIENT_URI}?token=x&email=jane%40example.com"));
    app.running.db.clone().close().await.unwrap();

    let login = client.login(JANE).await;
    let verify = client.verify_challenge(JANE, &code, &challenge).await;
    let confirm = client.confirm(&link).await;
    let register = client.register("new@example.com").await;
    let reset = client.reset(&link, NEW_PASSWORD).await;
    let forgot = client.forgot(JANE).await;
    let ready = client.get("/health/ready").await;

    login.assert_refused(&busy_text(&login, 401));
    verify.assert_text(400, &busy_text(&verify, 400));
    confirm.assert_text(400, &busy_text(&confirm, 400));
    assert_eq!(register.errors(), [busy_text(&register, 400)]);
    assert_eq!(reset.errors(), [busy_text(&reset, 400)]);
    forgot.assert_text(200, "");
    ready.assert_status(503);
    client.get("/health/live").await.assert_status(200);
    client.get_with("/api/companies", &token).await.assert_status(200);
}

async fn a_relay_that_stalls_costs_nobody_else_anything(engine: Engine) {
    let app = TestApp::builder(engine).set("mail.timeout", "1s").start().await;
    app.add_two_step_user(JANE).await;
    app.add_user("joe@example.com").await;
    let client = app.client();
    app.sink.set_behaviour(Behaviour::Stall);

    let start = Instant::now();
    client.login(JANE).await.challenge_id();
    client.login("joe@example.com").await.token();
    let took = start.elapsed();
    app.sink.set_behaviour(Behaviour::Accept);

    assert!(took < Duration::from_secs(5), "no answer waits for the relay: {took:?}");
    let code = {
        for _ in 0..400 {
            if !app.mails_to(JANE).is_empty() {
                break;
            }
            app.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        app.code_for(JANE).await
    };
    assert_eq!(code.len(), 6);
}

#[actix_web::test]
async fn past_the_hash_queue_logins_are_busy_and_tokens_are_still_checked() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("accounts.argon2_memory_kib", "19456")
        .set("accounts.argon2_iterations", "2")
        .set("accounts.hash_threads", "1")
        .set("accounts.hash_queue", "2")
        .start()
        .await;
    app.add_user(JANE).await;
    let client = app.client();
    let token = client.login(JANE).await.token();

    let logins = futures_util::future::join_all((0..40).map(|_| client.login(JANE)));
    let check = client.get_with("/api/companies", &token);
    let (logins, check) = futures_util::join!(logins, check);

    let (served, refused): (Vec<_>, Vec<_>) = logins.into_iter().partition(|answer| answer.status == 200);
    assert!(!served.is_empty() && !refused.is_empty(), "{} served, {} refused", served.len(), refused.len());
    for answer in &refused {
        answer.assert_refused(&busy_text(answer, 401));
    }
    check.assert_status(200);
    client.login(JANE).await.token();
}

#[actix_web::test]
async fn a_busy_registration_or_reset_keeps_its_shape_and_its_link() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("accounts.argon2_memory_kib", "19456")
        .set("accounts.hash_threads", "1")
        .set("accounts.hash_queue", "1")
        .start()
        .await;
    app.add_user(JANE).await;
    let client = app.client();
    client.forgot(JANE).await.assert_status(200);
    let link = app.link_for(JANE, RESET).await;

    let registrations = (0..20).map(|index| {
        let client = client.clone();
        async move { client.register(&format!("new{index}@example.com")).await }
    });
    let answers = futures_util::future::join_all(registrations).await;
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.errors(), [busy_text(answer, 400)]);
        assert_eq!(answer.json()["isSuccessfulRegistration"], false);
    }
    let made = answers.iter().filter(|answer| answer.status == 201).count();

    assert!(made < 20);
    assert_eq!(app.count_users().await, made as u64 + 1);
    client.reset(&link, NEW_PASSWORD).await.assert_status(200);
}

#[actix_web::test]
async fn an_invented_token_costs_no_hash() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("accounts.argon2_memory_kib", "19456")
        .set("accounts.hash_threads", "1")
        .set("accounts.hash_queue", "1")
        .start()
        .await;
    app.add_user(JANE).await;
    let client = app.client();
    let invented = Link::parse(&format!("{CLIENT_URI}?token=x&email=jane%40example.com"));

    let answers =
        futures_util::future::join_all((0..20).map(|_| client.reset(&invented, NEW_PASSWORD))).await;

    // Twenty hashes at once would have been too many.
    assert!(answers.iter().all(|answer| answer.errors() == ["Invalid token."]), "{answers:?}");
}

#[actix_web::test]
async fn a_client_that_hangs_up_frees_nothing_early_and_leaks_nothing() {
    let app = TestApp::builder(Engine::Sqlite).set("accounts.hash_queue", "4").start().await;
    app.add_two_step_user(JANE).await;
    let body = json!({ "email": JANE, "password": PASSWORD }).to_string();

    for _ in 0..100 {
        raw::post_and_hang_up(app.socket(), "/api/accounts/login", &body).await;
    }

    eventually("a login that is served again", async || {
        let answer = app.client().login("nobody@example.com").await;
        (answer.field("errorMessage") == INVALID).then_some(())
    })
    .await;
    app.all_sent().await;
    let challenges = app.attempts().await.len();
    assert_eq!(app.mails(JANE, CODE).len(), challenges, "each opened challenge has its mail, heard or not");
}

/// What is asked of each table must be known before anybody is let in.
async fn where_a_check_cannot_be_made_the_answer_is_no(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.destination_sends", "off").start().await;
    app.add_two_step_user(JANE).await;
    app.add_user("joe@example.com").await;
    let client = app.client();
    let rename = async |from: &str, to: &str| {
        app.db().execute_unprepared(&format!("ALTER TABLE {from} RENAME TO {to}")).await.unwrap();
    };

    for table in ["users", "lockouts", "sessions"] {
        // A name of its own each time: other connections of the pool may remember the last one.
        let away = format!("{table}_away_at_login");
        rename(table, &away).await;
        let login = client.login("joe@example.com").await;
        rename(&away, table).await;

        assert_eq!(login.text, login_busy(&login), "without {table}");
    }
    for table in ["users", "challenges", "challenge_codes", "windows", "sessions"] {
        let (challenge, code) = app.open_challenge(&client, JANE).await;
        let away = format!("{table}_away_at_verify");
        rename(table, &away).await;
        let verify = client.verify_challenge(JANE, &code, &challenge).await;
        rename(&away, table).await;

        assert_eq!(verify.text, busy_text(&verify, 400), "without {table}");
    }
    client.login("joe@example.com").await.token();
}

/// The whole body of a busy login.
#[track_caller]
fn login_busy(answer: &Answer) -> String {
    answer.assert_refused(&busy_text(answer, 401));
    answer.text.clone()
}
