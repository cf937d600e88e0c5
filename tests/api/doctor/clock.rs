//! The clock, compared with those of others and with what has happened.

use sea_orm::ConnectionTrait;

use super::text_vendor::{Reply, TextVendor};
use super::texts::{account, twilio};
use super::*;

/// A `Date` header so many seconds from now.
fn date(offset: i64) -> String {
    let at = chrono::DateTime::from_timestamp(seconds_now() + offset, 0).unwrap();
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_another_one_contradicts_is_told() {
    let vendor = TextVendor::start().await;
    let installation = twilio(installation(), &vendor.url());
    for (offset, status, words) in [
        (0, "ok", "agrees with Twilio's clock (Sms)"),
        (15, "warning", "s behind Twilio's clock"),
        (-15, "warning", "s ahead of Twilio's clock"),
        (3_600, "failed", "s behind Twilio's clock"),
        (-3_600, "failed", "NTP"),
    ] {
        vendor.set_reply(Reply::Dated(date(offset), account("active", "Full")));

        let report = examine(&installation);

        report.assert("clock", status, words).assert("SMS gateway Sms", "ok", "active");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_happened_is_not_in_the_future() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let installation = unmigrated().set("database.url", &database.url);
    installation
        .run_with_input(&["user", "add", "jane@example.com", "--password-stdin"], PASSWORD)
        .assert_code(0);
    let (past, future) = (seconds_now() * 1000 - 60_000, seconds_now() * 1000 + 60_000);
    let db = database.connect().await;
    for (at, status, words) in [(past, "ok", "no other clock"), (future, "failed", "behind the newest event")]
    {
        let happened =
            format!("INSERT INTO events SELECT randomblob(16), id, {at}, 'sign_in', '', '{{}}' FROM users");
        db.execute_unprepared(&happened).await.unwrap();

        examine(&installation).assert("clock", status, words);
    }
}
