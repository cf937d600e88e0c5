//! Another address, and the end of an account.

use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use super::*;

on_every_engine!(
    the_old_address_counts_until_the_new_one_is_confirmed,
    the_link_is_used_once_and_the_newest_counts,
    the_articles_page_opens_the_link_too,
    a_taken_address_is_answered_alike_and_its_owner_is_told,
    whoever_confirms_the_address_first_has_it,
    an_address_that_somebody_registered_and_never_confirmed_is_free,
    whoever_ends_sessions_ends_what_they_asked_for,
    a_new_address_ends_what_leads_to_the_old_one,
    an_account_asks_for_five_addresses_a_day,
    an_address_that_has_had_its_mails_gets_no_more_and_its_link_stays,
    an_account_is_deleted_with_all_that_hangs_on_it,
    both_want_a_fresh_sign_in,
);

const NEW: &str = "new@example.com";
const CHANGED: &str = "Your account was changed";

async fn me(app: &TestApp) -> Me {
    app.add_user(JANE).await;
    Me::log_in(app).await
}

async fn ask(me: &Me, email: &str) -> Answer {
    me.send("POST", "/me/email", &json!({"email": email})).await
}

async fn open(app: &TestApp, token: &str) -> Answer {
    app.client().v1("/email-confirmations", &json!({"token": token})).await
}

async fn log_in(app: &TestApp, email: &str) -> Answer {
    app.client().log_in(email).await
}

async fn the_old_address_counts_until_the_new_one_is_confirmed(engine: Engine) {
    let app = TestApp::start(engine).await;
    let me = me(&app).await;

    let asked = ask(&me, " New@Example.com ").await;
    asked.assert_status(202);
    let link = app.link_for("new@example.com", CONFIRMATION).await;
    app.next_mail(JANE, CHANGED).await;
    log_in(&app, JANE).await.tokens();
    log_in(&app, NEW).await.assert_problem(401, "invalid_credentials");
    open(&app, &link.token).await.assert_status(204);

    log_in(&app, JANE).await.assert_problem(401, "invalid_credentials");
    log_in(&app, NEW).await.tokens();
    app.next_mail(JANE, CHANGED).await;
    let profile = me.get("/me").await.json();
    assert_eq!(profile["email"], "New@Example.com", "the session goes on: {profile}");
    let refreshed = app.client().refresh(&me.refresh).await.json();
    assert_eq!(jwt::claims(refreshed["accessToken"].as_str().unwrap())["email"], "New@Example.com");
    let events = me.get("/me/events").await.json();
    for event in ["email_change_requested", "email_changed"] {
        assert!(events.as_array().unwrap().iter().any(|row| row["event"] == event), "{event} in {events}");
    }
    app.client().register(JANE).await.assert_status(201);
    app.link_for(JANE, CONFIRMATION).await;
}

async fn the_link_is_used_once_and_the_newest_counts(engine: Engine) {
    let app = TestApp::start(engine).await;
    let me = me(&app).await;
    ask(&me, "first@example.com").await.assert_status(202);
    let first = app.link_for("first@example.com", CONFIRMATION).await;
    ask(&me, NEW).await.assert_status(202);
    let newest = app.link_for(NEW, CONFIRMATION).await;

    open(&app, &first.token).await.assert_problem(400, "invalid_token");
    open(&app, &newest.token).await.assert_status(204);
    open(&app, &newest.token).await.assert_problem(400, "invalid_token");

    assert_eq!(me.get("/me").await.json()["email"], NEW);
    ask(&me, JANE).await.assert_status(202);
    let late = app.link_for(JANE, CONFIRMATION).await;
    app.advance(7_200).await;
    open(&app, &late.token).await.assert_problem(400, "invalid_token");
}

async fn the_articles_page_opens_the_link_too(engine: Engine) {
    let app = TestApp::start(engine).await;
    let me = me(&app).await;
    ask(&me, NEW).await.assert_status(202);
    let link = app.link_for(NEW, CONFIRMATION).await;
    let named = Link { email: JANE.to_owned(), ..link.clone() };

    app.client().confirm(&named).await.assert_status(400);
    app.client().confirm(&link).await.assert_status(200);

    assert_eq!(link.base, "http://localhost:5001/authentication/emailconfirmation");
    log_in(&app, NEW).await.tokens();
}

async fn a_taken_address_is_answered_alike_and_its_owner_is_told(engine: Engine) {
    let app = TestApp::start(engine).await;
    let me = me(&app).await;
    app.add_user("other@example.com").await;

    let taken = ask(&me, "OTHER@example.com").await;
    let links = entity::link::Entity::find().all(app.db()).await.unwrap();
    assert!(links.iter().all(|link| link.consumed_at.is_some()), "a link to a taken address is dead");
    let free = ask(&me, NEW).await;

    assert_eq!((taken.status, &taken.text), (free.status, &free.text));
    app.all_sent().await;
    let subjects: Vec<_> = app.mails_to("other@example.com").into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Somebody tried to register with your address"]);
    let own = ask(&me, "JANE@example.com").await;
    assert_eq!(own.wrong_fields(), [("email".to_owned(), "unchanged".to_owned())]);
    let none = ask(&me, "no address").await;
    assert_eq!(none.wrong_fields()[0].0, "email");
}

async fn whoever_confirms_the_address_first_has_it(engine: Engine) {
    let app = TestApp::start(engine).await;
    let me = me(&app).await;
    ask(&me, NEW).await.assert_status(202);
    let link = app.link_for(NEW, CONFIRMATION).await;

    app.register_and_confirm(NEW).await;
    let refused = open(&app, &link.token).await;

    refused.assert_problem(400, "invalid_token");
    assert_eq!(me.get("/me").await.json()["email"], JANE);
    assert_eq!(app.count_users().await, 2);
}

async fn an_address_that_somebody_registered_and_never_confirmed_is_free(engine: Engine) {
    let app = TestApp::start(engine).await;
    let me = me(&app).await;
    app.client().register(NEW).await.assert_status(201);
    let theirs = app.link_for(NEW, CONFIRMATION).await;

    ask(&me, NEW).await.assert_status(202);
    let link = app.link_for(NEW, CONFIRMATION).await;
    open(&app, &link.token).await.assert_status(204);

    assert_eq!(me.get("/me").await.json()["email"], NEW);
    assert_eq!(app.count_users().await, 1);
    app.client().confirm(&theirs).await.assert_status(400);
    log_in(&app, NEW).await.tokens();
}

async fn whoever_ends_sessions_ends_what_they_asked_for(engine: Engine) {
    let app = TestApp::start(engine).await;
    let owner = me(&app).await;
    for (new, all) in [(NEW, true), ("n@example.com", false)] {
        let intruder = Me::log_in(&app).await;
        ask(&intruder, new).await.assert_status(202);
        let link = app.link_for(new, CONFIRMATION).await;
        let one = format!("/me/sessions/{}", intruder.session());

        owner.send("DELETE", if all { "/me/sessions" } else { &one }, &json!({})).await.assert_status(204);

        open(&app, &link.token).await.assert_problem(400, "invalid_token");
    }
}

async fn a_new_address_ends_what_leads_to_the_old_one(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let me = Me::log_in_with_code(&app).await;
    ask(&me, NEW).await.assert_status(202);
    let change = app.link_for(NEW, CONFIRMATION).await;
    let challenge = app.client().log_in(JANE).await.v1_challenge_id();
    app.client().forgot(JANE).await.assert_status(200);
    let reset = app.link_for(JANE, RESET).await;
    app.all_sent().await;
    let code = app.mails(JANE, CODE).last().unwrap().code();

    open(&app, &change.token).await.assert_status(204);

    app.client().guess(&challenge, &code).await.assert_problem(410, "challenge_closed");
    app.client().reset(&reset, NEW_PASSWORD).await.assert_status(400);
    let opened = log_in(&app, NEW).await.challenge();
    assert_eq!(opened["destination"], "n•••@example.com");
    app.code_for(NEW).await;
}

async fn an_account_asks_for_five_addresses_a_day(engine: Engine) {
    let app = TestApp::start(engine).await;
    let me = me(&app).await;

    for index in 0..5 {
        ask(&me, &format!("n{index}@example.com")).await.assert_status(202);
    }
    ask(&me, NEW).await.assert_problem(429, "too_many_sends");

    app.all_sent().await;
    assert!(app.mails_to(NEW).is_empty());
    app.advance(86_400).await;
    let later = Me::log_in(&app).await;
    ask(&later, NEW).await.assert_status(202);
}

async fn an_address_that_has_had_its_mails_gets_no_more_and_its_link_stays(engine: Engine) {
    let app = TestApp::builder(engine)
        .set("limits.enabled", "true")
        .set("limits.mail_per_destination", "1/hour")
        .start()
        .await;
    let me = me(&app).await;
    let told = ask(&me, NEW).await;
    let link = app.link_for(NEW, CONFIRMATION).await;

    let silent = ask(&me, NEW).await;

    assert_eq!((silent.status, &silent.text), (told.status, &told.text));
    app.all_sent().await;
    assert_eq!(app.mails_to(NEW).len(), 1);
    open(&app, &link.token).await.assert_status(204);
}

async fn an_account_is_deleted_with_all_that_hangs_on_it(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let me = Me::log_in_with_code(&app).await;
    me.send("POST", "/me/recovery-codes", &json!({})).await.assert_status(200);

    me.send("DELETE", "/me", &json!({})).await.assert_status(204);

    me.get("/me").await.assert_problem(401, "unauthorized");
    app.client().refresh(&me.refresh).await.assert_problem(401, "invalid_refresh_token");
    log_in(&app, JANE).await.assert_problem(401, "invalid_credentials");
    assert_eq!(app.count_users().await, 0);
    assert_eq!(entity::session::Entity::find().count(app.db()).await.unwrap(), 0);
    assert_eq!(entity::recovery_code::Entity::find().count(app.db()).await.unwrap(), 0);
    app.all_sent().await;
    let last = app.mails(JANE, CHANGED).pop().expect("a mail");
    assert!(last.text.contains("deleted"), "{}", last.text);
    app.register_and_confirm(JANE).await;
    log_in(&app, JANE).await.tokens();
}

async fn both_want_a_fresh_sign_in(engine: Engine) {
    let app = TestApp::start(engine).await;
    let me = me(&app).await;
    app.advance(600).await;
    let access = app.client().refresh(&me.refresh).await.json();
    let stale = Me::of(&app, &access);

    ask(&stale, NEW).await.assert_problem(403, "reauthentication_required");
    stale.send("DELETE", "/me", &json!({})).await.assert_problem(403, "reauthentication_required");

    app.all_sent().await;
    assert!(app.mails_to(NEW).is_empty());
    assert_eq!(app.count_users().await, 1);
}
