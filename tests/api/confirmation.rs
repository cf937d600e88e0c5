//! The mailed confirmation link.

use reqwest::Method;
use sea_orm::EntityTrait;
use serde_json::json;

use crate::support::*;

on_every_engine!(
    the_link_confirms_the_address_and_works_once,
    of_parallel_openings_one_wins,
    the_link_dies_exactly_at_its_expiry,
    head_and_options_consume_nothing,
    a_link_for_another_address_is_refused_and_not_used_up,
    a_reset_token_confirms_nothing,
    nonsense_is_answered_with_the_articles_text,
    an_address_with_a_plus_and_a_percent_survives_the_link,
    the_token_is_kept_only_as_its_digest,
    a_confirmation_kills_the_other_links,
    a_confirmation_ends_what_another_password_opened,
);

const JANE: &str = "jane@example.com";
const REFUSED: &str = "Invalid Email Confirmation Request";

async fn registered(app: &TestApp, email: &str) -> Link {
    app.client().register(email).await.assert_status(201);
    app.link_for(email, CONFIRMATION).await
}

async fn the_link_confirms_the_address_and_works_once(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let link = registered(&app, JANE).await;

    let first = client.confirm(&link).await;
    let second = client.confirm(&link).await;

    first.assert_text(200, "");
    second.assert_text(400, REFUSED);
    client.login(JANE).await.token();
}

async fn a_confirmation_kills_the_other_links(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let link = registered(&app, JANE).await;
    client.forgot(JANE).await.assert_status(200);
    let reset = app.link_for(JANE, RESET).await;
    client.confirm(&link).await.assert_status(200);

    let late = client.reset(&reset, NEW_PASSWORD).await;

    assert_eq!(late.errors(), ["Invalid token."]);
    client.login(JANE).await.token();
}

async fn a_confirmation_ends_what_another_password_opened(engine: Engine) {
    let app = TestApp::builder(engine).set("accounts.require_confirmed_email", "false").start().await;
    let outsider = app.client();
    registered(&app, JANE).await;
    outsider.login(JANE).await.token();
    let own = json!({ "password": NEW_PASSWORD, "confirmPassword": NEW_PASSWORD });
    app.client().register_with(JANE, &own).await.assert_status(201);
    let owners = app.link_for(JANE, CONFIRMATION).await;

    app.client().confirm(&owners).await.assert_status(200);

    let sessions = entity::session::Entity::find().all(app.db()).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].ended_at, Some(app.clock.now().millis()));
    outsider.login(JANE).await.assert_refused(INVALID);
}

async fn of_parallel_openings_one_wins(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let link = registered(&app, JANE).await;

    let answers = futures_util::future::join_all((0..10).map(|_| client.confirm(&link))).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.status == 400).count(), 9, "{answers:?}");
}

async fn the_link_dies_exactly_at_its_expiry(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let jane = registered(&app, JANE).await;
    let joe = registered(&app, "joe@example.com").await;

    app.clock.advance(std::time::Duration::from_millis(2 * 3_600_000 - 1));
    let before = client.confirm(&jane).await;
    app.clock.advance(std::time::Duration::from_millis(1));
    let at = client.confirm(&joe).await;

    before.assert_status(200);
    at.assert_text(400, REFUSED);
    client.login("joe@example.com").await.assert_refused("Email is not confirmed");
}

async fn head_and_options_consume_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let link = registered(&app, JANE).await;
    let path = format!("/api/accounts/emailconfirmation?{}", link.query());

    let head = client.send(client.request(Method::HEAD, &path)).await;
    let options = client.send(client.request(Method::OPTIONS, &path)).await;

    assert!(head.status < 500 && options.status < 500);
    assert!(!app.user(JANE).await.email_confirmed);
    client.confirm(&link).await.assert_text(200, "");
}

async fn a_link_for_another_address_is_refused_and_not_used_up(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let jane = registered(&app, JANE).await;
    let joe = registered(&app, "joe@example.com").await;

    let swapped = client.confirm(&Link { token: jane.token.clone(), ..joe.clone() }).await;

    swapped.assert_text(400, REFUSED);
    client.confirm(&jane).await.assert_status(200);
    client.confirm(&joe).await.assert_status(200);
}

async fn a_reset_token_confirms_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let client = app.client();
    client.forgot(JANE).await.assert_status(200);
    let reset = app.link_for(JANE, RESET).await;

    let confirmed = client.confirm(&reset).await;

    confirmed.assert_text(400, REFUSED);
    client.reset(&reset, NEW_PASSWORD).await.assert_status(200);
}

async fn nonsense_is_answered_with_the_articles_text(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    registered(&app, JANE).await;

    for query in [
        "",
        "?token=x",
        "?email=jane@example.com",
        "?token=&email=",
        "?token=x&email=jane%40example.com",
        "?token=x&token=y&email=jane%40example.com",
        "?token=%00&email=%00",
        "?token=%FF%FE&email=%C3%28",
        "?token=%ED%A0%80&email=%0D%0A",
        "?token[]=x&email[]=y",
    ] {
        let answer = client.get(&format!("/api/accounts/emailconfirmation{query}")).await;

        assert_eq!((answer.status, answer.text.as_str()), (400, REFUSED), "{query}");
    }
    let long = "x".repeat(7_000);
    client
        .get(&format!("/api/accounts/emailconfirmation?token={long}&email={long}"))
        .await
        .assert_status(400);
}

async fn an_address_with_a_plus_and_a_percent_survives_the_link(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let email = "jane+news%41&x=1@example.com";
    client.register_with(email, &json!({})).await.assert_status(201);
    let mail = app.next_mail(email, CONFIRMATION).await;
    let link = mail.link();

    assert!(!link.url.split_once('?').unwrap().1.contains('+'), "a plus is %2B: {}", link.url);
    assert!(link.url.contains("%2Bnews%2541%26x%3D1%40example.com"), "{}", link.url);
    assert_eq!(link.email, email);
    let raw_query = link.url.split_once('?').unwrap().1;
    client.get(&format!("/api/accounts/emailconfirmation?{raw_query}")).await.assert_text(200, "");
}

async fn the_token_is_kept_only_as_its_digest(engine: Engine) {
    let app = TestApp::start(engine).await;
    let link = registered(&app, JANE).await;

    let rows = entity::link::Entity::find().all(app.db()).await.unwrap();

    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].digest, twostep::vault::digest(&link.token));
    let pending = rows[0].pending.clone().unwrap_or_default();
    assert!(!pending.windows(8).any(|bytes| bytes == &link.token.as_bytes()[..8]));
    assert!(!pending.windows(9).any(|bytes| bytes == b"$argon2id"), "what a link carries is sealed");
    assert!(link.token.len() >= 22);
}
