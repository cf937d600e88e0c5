//! Known and unknown take the same time. Coarse: the quickest of interleaved rounds, at the real cost of a hash.

use std::time::{Duration, Instant};

use crate::support::*;

const JANE: &str = "jane@example.com";
const ROUNDS: usize = 15;

async fn costly() -> TestApp {
    TestApp::builder(Engine::Sqlite)
        .set("accounts.argon2_memory_kib", "19456")
        .set("accounts.argon2_iterations", "2")
        .set("accounts.lockout_attempts", "1000")
        .start()
        .await
}

async fn time(work: impl Future<Output = Answer>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

/// What it costs when nothing else is in the way.
fn quickest(times: &[Duration]) -> Duration {
    *times.iter().min().unwrap()
}

/// Neither takes three times as long as the other: a hash that is left out is ten times as quick, and a machine that is
/// busy with other tests does not matter.
#[track_caller]
fn assert_alike(one: &[Duration], other: &[Duration]) {
    let (one, other) = (quickest(one), quickest(other));
    assert!(one.max(other) < one.min(other).mul_f64(3.0), "{one:?} and {other:?}");
}

#[actix_web::test]
async fn logins_of_known_and_unknown_accounts() {
    let app = costly().await;
    app.add_user(JANE).await;
    let client = app.client();
    let (mut known, mut unknown) = (Vec::new(), Vec::new());

    for _ in 0..ROUNDS {
        known.push(time(client.login_with(JANE, "Wrong-Horse-7")).await);
        unknown.push(time(client.login_with("nobody@example.com", "Wrong-Horse-7")).await);
    }

    assert_alike(&known, &unknown);
}

#[actix_web::test]
async fn registrations_of_taken_and_free_addresses() {
    let app = costly().await;
    app.add_user(JANE).await;
    let client = app.client();
    let (mut taken, mut free) = (Vec::new(), Vec::new());

    for round in 0..ROUNDS {
        taken.push(time(client.register(JANE)).await);
        free.push(time(client.register(&format!("free{round}@example.com"))).await);
    }

    assert_alike(&taken, &free);
}

#[actix_web::test]
async fn logins_of_locked_and_open_accounts() {
    let app = costly().await;
    let strict = TestApp::builder(Engine::Sqlite).beside(&app).set("accounts.lockout_attempts", "5");
    let strict = strict
        .set("accounts.argon2_memory_kib", "19456")
        .set("accounts.argon2_iterations", "2")
        .start()
        .await;
    app.add_user(JANE).await;
    app.add_user("locked@example.com").await;
    for _ in 0..5 {
        strict.client().login_with("locked@example.com", "Wrong-Horse-7").await.assert_refused(INVALID);
    }
    let client = app.client();
    client.login("locked@example.com").await.assert_refused(INVALID);
    let (mut open, mut locked) = (Vec::new(), Vec::new());

    for _ in 0..ROUNDS {
        open.push(time(client.login_with(JANE, "Wrong-Horse-7")).await);
        locked.push(time(client.login_with("locked@example.com", "Wrong-Horse-7")).await);
    }

    assert_alike(&open, &locked);
}
