//! What mails and texts say, and that each is handed over once.

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::json;

use crate::support::*;

on_every_engine!(
    a_refused_mail_fails_and_costs_nobody_else_anything,
    a_deferred_mail_is_tried_again_with_the_same_code,
    nothing_is_handed_over_after_it_expired,
    an_open_challenge_has_its_message_in_the_same_commit,
);

const JANE: &str = "jane@example.com";
const JOE: &str = "joe@example.com";

#[actix_web::test]
async fn the_code_mail_shows_the_code_on_a_line_of_its_own_and_how_long_it_is_good() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    app.client().login(JANE).await.challenge_id();

    let mail = app.next_mail(JANE, CODE).await;

    let code = mail.code();
    assert_eq!(code.len(), 6);
    assert!(mail.html.contains(&code));
    assert!(mail.text.contains("5 minutes"), "{}", mail.text);
    assert!(mail.text.contains("127.0.0.1"), "where the sign-in came from: {}", mail.text);
    assert!(!mail.has_token());
    assert!(!mail.subject.contains(&code));
    assert!(mail.from.contains("no-reply@localhost"), "{}", mail.from);
}

#[actix_web::test]
async fn only_links_carry_tokens_and_notices_hold_no_line_of_digits() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    app.register_and_confirm(JANE).await;
    client.register(JANE).await.assert_status(201);
    for _ in 0..5 {
        client.login_with(JANE, "Wrong-Horse-7").await;
    }
    app.next_mail(JANE, LOCKED).await;
    client.forgot(JANE).await.assert_status(200);
    let link = app.link_for(JANE, RESET).await;
    client.reset(&link, NEW_PASSWORD).await.assert_status(200);
    app.all_sent().await;

    let mails = app.mails_to(JANE);

    for mail in &mails {
        let carries = mail.subject == CONFIRMATION || mail.subject == RESET;
        assert_eq!(mail.has_token(), carries, "{}: {}", mail.subject, mail.text);
        assert!(mail.digit_lines().is_empty(), "{}: {}", mail.subject, mail.text);
        assert!(!mail.text.is_empty() && !mail.html.is_empty());
    }
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert!(subjects.contains(&LOCKED), "{subjects:?}");
    assert_eq!(mails.len(), 5, "link, notice of a try, lock, reset link, notice of the reset: {subjects:?}");
}

#[actix_web::test]
async fn names_of_people_are_escaped() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let names = json!({ "firstName": "<img src=x onerror=alert(1)>", "lastName": "{{ 7777*7777 }}" });
    client.register_with(JANE, &names).await.assert_status(201);

    let mail = app.next_mail(JANE, CONFIRMATION).await;

    assert!(!mail.html.contains("<img src=x"), "{}", mail.html);
    assert!(!format!("{}{}", mail.text, mail.html).contains("60481729"), "a name is no template");
}

#[actix_web::test]
async fn the_links_of_text_and_html_are_the_same() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.client().register(JANE).await.assert_status(201);

    let mail = app.next_mail(JANE, CONFIRMATION).await;

    let in_html = mail.link().url.replace('&', "&amp;");
    assert!(mail.html.contains(&in_html) || mail.html.contains(&mail.link().url), "{}", mail.html);
}

#[actix_web::test]
async fn a_text_ends_with_the_origin_bound_line_and_fits_two_segments() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "inbox")
        .set("two_step.default_provider", "Sms")
        .start()
        .await;
    app.add_user_with_phone(JANE, "+4915112345678").await;
    let login = app.client().login(JANE).await;

    let inbox = app.running.inbox.clone().unwrap();
    let text = eventually("a text", async || inbox.messages().into_iter().next()).await;

    assert_eq!(login.field("provider"), "Sms");
    assert_eq!(login.json()["providers"], json!(["Email", "Sms"]));
    assert_eq!((text.channel, text.to.as_str()), ("sms", "+4915112345678"));
    let code = text.code.unwrap();
    assert_eq!(text.text.lines().last(), Some(format!("@localhost #{code}").as_str()));
    assert!(text.text.len() <= 306 && text.text.is_ascii(), "{}", text.text);
    assert!(!text.text.contains("http"), "a text has no link");
}

async fn a_refused_mail_fails_and_costs_nobody_else_anything(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user(JOE).await;
    let client = app.client();
    app.sink.set_behaviour(Behaviour::Refuse);
    client.login(JANE).await.challenge_id();
    eventually("a failed message", async || {
        let rows = entity::message::Entity::find().all(app.db()).await.unwrap();
        rows.iter().any(|row| row.status == "failed" && row.body.is_none()).then_some(())
    })
    .await;
    app.sink.set_behaviour(Behaviour::Accept);

    app.open_challenge(&client, JOE).await;

    assert!(app.mails_to(JANE).is_empty());
}

async fn a_deferred_mail_is_tried_again_with_the_same_code(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    app.sink.set_behaviour(Behaviour::Greylist(u32::MAX));
    let challenge = client.login(JANE).await.challenge_id();
    eventually("a first attempt", async || {
        let rows = entity::message::Entity::find().all(app.db()).await.unwrap();
        rows.iter()
            .any(|row| row.status == "queued" && row.attempts >= 1 && row.lease_until.is_none())
            .then_some(())
    })
    .await;
    app.sink.set_behaviour(Behaviour::Accept);

    for _ in 0..20 {
        app.clock.advance(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(20)).await;
        if !app.mails_to(JANE).is_empty() {
            break;
        }
    }

    let code = app.code_for(JANE).await;
    client.verify_challenge(JANE, &code, &challenge).await.token();
    app.all_sent().await;
    assert_eq!(app.mails_to(JANE).len(), 1);
}

async fn nothing_is_handed_over_after_it_expired(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    app.sink.set_behaviour(Behaviour::Greylist(u32::MAX));
    client.login(JANE).await.challenge_id();
    eventually("a first attempt", async || {
        let rows = entity::message::Entity::find().all(app.db()).await.unwrap();
        rows.iter().any(|row| row.attempts >= 1 && row.lease_until.is_none()).then_some(())
    })
    .await;

    app.advance(5 * 60).await;
    app.sink.set_behaviour(Behaviour::Accept);
    let gone = eventually("an expired message", async || {
        let rows = entity::message::Entity::find().all(app.db()).await.unwrap();
        rows.into_iter().find(|row| row.status != "queued")
    })
    .await;

    assert_eq!(gone.status, "expired");
    assert!(gone.body.is_none(), "what is dead is wiped");
    assert!(app.mails_to(JANE).is_empty());
}

async fn an_open_challenge_has_its_message_in_the_same_commit(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.db().execute_unprepared("ALTER TABLE messages RENAME TO messages_away").await.unwrap();

    let refused = app.client().login(JANE).await;

    refused.assert_status(401);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(entity::challenge::Entity::find().count(app.db()).await.unwrap(), 0);
    assert_eq!(entity::challenge_code::Entity::find().count(app.db()).await.unwrap(), 0);

    app.db().execute_unprepared("ALTER TABLE messages_away RENAME TO messages").await.unwrap();
    app.db().execute_unprepared("ALTER TABLE challenge_codes RENAME TO codes_away").await.unwrap();
    app.client().login(JANE).await.assert_status(401);
    assert_eq!(entity::challenge::Entity::find().count(app.db()).await.unwrap(), 0);
    assert_eq!(entity::message::Entity::find().count(app.db()).await.unwrap(), 0);
}

#[actix_web::test]
async fn the_development_inbox_shows_what_was_caught() {
    let app = TestApp::builder(Engine::Sqlite).set("mail.transport", "inbox").start().await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let challenge = client.login(JANE).await.challenge_id();

    let caught = eventually("a caught mail", async || {
        client.get("/dev/inbox.json").await.json().as_array().unwrap().first().cloned()
    })
    .await;
    let page = client.get("/dev/inbox").await;

    assert_eq!(
        (&caught["channel"], &caught["to"], &caught["subject"]),
        (&json!("email"), &json!(JANE), &json!(CODE))
    );
    let code = caught["code"].as_str().unwrap();
    assert_eq!(digit_lines(caught["text"].as_str().unwrap()), [code]);
    assert!(twostep::clock::parse_rfc3339(caught["at"].as_str().unwrap()).is_some());
    assert!(caught["id"].is_string() && caught["html"].is_string());
    page.assert_status(200);
    client.verify_challenge(JANE, code, &challenge).await.token();
}

#[actix_web::test]
async fn without_anything_to_catch_there_is_no_inbox() {
    let app = TestApp::start(Engine::Sqlite).await;

    app.client().get("/dev/inbox.json").await.assert_status(404);
    app.client().get("/dev/inbox").await.assert_status(404);
}

#[actix_web::test]
async fn a_repeated_handover_is_the_same_mail() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    app.client().login(JANE).await.challenge_id();

    let mail = app.next_mail(JANE, CODE).await;

    let row = entity::message::Entity::find().one(app.db()).await.unwrap().unwrap();
    let ids: Vec<_> =
        mail.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("message-id")).collect();
    assert_eq!(ids.len(), 1);
    let id = row.id.to_string();
    assert!(ids[0].1.contains(&id) || ids[0].1.contains(&id.replace('-', "")), "{ids:?} names {id}");
}
