//! "This was not me": the link in a code mail, its page, and what its button ends.

use futures_util::future::join_all;
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::support::*;
use crate::v1::{JANE, Me, NUMBER, V1, opened, texted_code, with_texts};

on_every_engine!(
    a_scanner_that_looks_changes_nothing,
    the_button_closes_the_challenge,
    the_button_ends_the_session_of_that_sign_in_and_no_other,
    the_button_ends_a_session_that_was_refreshed_since,
    the_owner_is_mailed_a_link_that_sets_a_new_password,
    the_button_leaves_an_event_with_the_address,
    an_altered_link_is_not_valid,
    a_second_press_says_the_same_and_mails_nothing,
    of_parallel_presses_one_does_it,
    the_button_ends_what_the_sign_in_has_begun,
    the_button_forgets_the_device_of_that_sign_in_and_no_other,
    the_session_can_be_ended_when_the_challenge_is_long_gone,
    an_address_that_has_had_its_mails_is_told_so,
);

/// The path of the link in a code mail.
#[track_caller]
fn link_in(mail: &Mail) -> String {
    let line = mail.text.lines().find(|line| line.contains("/not-me/")).expect("a link");
    assert!(mail.html.contains(&format!("href=\"{line}\"")), "{}", mail.html);
    let path = line.strip_prefix("http://localhost:5001").expect("it starts at public_url");
    assert!(path.strip_prefix("/not-me/").is_some_and(|id| id.len() > 60), "{path}");
    path.to_owned()
}

/// Somebody has given the password: the challenge, its code, and the link of its mail.
async fn asked(app: &TestApp) -> (String, String, String) {
    let challenge = app.client().log_in(JANE).await.v1_challenge_id();
    let mail = app.next_mail(JANE, CODE).await;
    (challenge, mail.code(), link_in(&mail))
}

async fn signed_in(app: &TestApp) -> (Me, String) {
    let (challenge, code, link) = asked(app).await;
    (Me::of(app, &app.client().guess(&challenge, &code).await.tokens()), link)
}

async fn press(app: &TestApp, link: &str) -> Answer {
    let client = app.client();
    client.send(client.request(Method::POST, link).form(&[("unused", "")])).await
}

async fn events(app: &TestApp) -> Vec<entity::event::Model> {
    let disowned = entity::event::Entity::find().filter(entity::event::Column::Event.eq("not_me"));
    disowned.all(app.db()).await.unwrap()
}

async fn a_scanner_that_looks_changes_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (challenge, code, link) = asked(&app).await;
    let client = app.client();

    let page = client.get(&link).await;
    let head = client.send(client.request(Method::HEAD, &link)).await;

    page.assert_status(200);
    assert!(page.text.contains("<form method=\"post\">"), "{}", page.text);
    head.assert_text(200, "");
    let me = Me::of(&app, &client.guess(&challenge, &code).await.tokens());
    client.get(&link).await.assert_status(200);
    client.refresh(&me.refresh).await.assert_status(200);
    app.all_sent().await;
    assert!(app.mails(JANE, RESET).is_empty());
    assert!(events(&app).await.is_empty());
}

async fn the_button_closes_the_challenge(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (challenge, code, link) = asked(&app).await;
    let client = app.client();

    press(&app, &link).await.assert_status(200);

    client.guess(&challenge, &code).await.assert_problem(410, "challenge_closed");
    client.send_code(&challenge, "Email").await.assert_problem(410, "challenge_closed");
    client.verify_challenge(JANE, &code, &challenge).await.assert_text(400, INVALID_CODE);
    client.verify(JANE, &code).await.assert_text(400, INVALID_CODE);
    assert_eq!(client.show(&challenge).await.json()["status"], "closed");
}

async fn the_button_ends_the_session_of_that_sign_in_and_no_other(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (own, _) = signed_in(&app).await;
    let (theirs, link) = signed_in(&app).await;
    let open = asked(&app).await;
    let client = app.client();

    press(&app, &link).await.assert_status(200);

    client.refresh(&theirs.refresh).await.assert_problem(401, "invalid_refresh_token");
    client.refresh(&own.refresh).await.assert_status(200);
    let sessions = own.get("/me/sessions").await.json();
    assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");
    client.guess(&open.0, &open.1).await.tokens();
}

async fn the_button_ends_a_session_that_was_refreshed_since(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (theirs, link) = signed_in(&app).await;
    let client = app.client();
    app.advance(3_600).await;
    let next = client.refresh(&theirs.refresh).await.field("refreshToken");

    press(&app, &link).await.assert_status(200);

    client.refresh(&next).await.assert_problem(401, "invalid_refresh_token");
    client.refresh(&theirs.refresh).await.assert_problem(401, "invalid_refresh_token");
}

async fn the_owner_is_mailed_a_link_that_sets_a_new_password(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (.., link) = asked(&app).await;

    let page = press(&app, &link).await;

    assert!(page.text.contains("mailed you a link"), "{}", page.text);
    let reset = app.link_for(JANE, RESET).await;
    assert_eq!(reset.base, "http://localhost:5001/authentication/resetpassword");
    let client = app.client();
    client.reset(&reset, NEW_PASSWORD).await.assert_status(200);
    client.login(JANE).await.assert_refused(INVALID);
    client.login_with(JANE, NEW_PASSWORD).await.challenge_id();
}

async fn the_button_leaves_an_event_with_the_address(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (own, _) = signed_in(&app).await;
    let (theirs, link) = signed_in(&app).await;
    app.advance(1).await;

    press(&app, &link).await.assert_status(200);

    let events = own.get("/me/events").await.json();
    let event = &events[0];
    assert_eq!((&event["event"], &event["address"]), (&"not_me".into(), &"127.0.0.1".into()), "{events}");
    assert_eq!(event["detail"]["session"], theirs.session(), "{event}");
    assert_eq!(event["detail"]["mailed"], true, "{event}");
    let id = link.rsplit_once('/').unwrap().1;
    assert!(!events.to_string().contains(id), "no link in it");
}

async fn an_altered_link_is_not_valid(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (challenge, code, link) = asked(&app).await;
    let client = app.client();
    let last = if link.ends_with('A') { "Q" } else { "A" };
    let altered = format!("{}{last}", &link[..link.len() - 1]);

    for path in [&altered, &format!("{link}A"), &link[..60].to_owned(), &format!("/not-me/{challenge}")] {
        for answer in [client.get(path).await, press(&app, path).await] {
            answer.assert_status(404);
            assert!(answer.text.contains("not valid"), "{}", answer.text);
            assert!(!answer.text.contains("<form"), "{}", answer.text);
        }
    }

    client.guess(&challenge, &code).await.tokens();
    assert!(events(&app).await.is_empty());
}

async fn a_second_press_says_the_same_and_mails_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (_, link) = signed_in(&app).await;

    let first = press(&app, &link).await;
    let second = press(&app, &link).await;

    first.assert_status(200);
    assert_eq!((second.status, &second.text), (first.status, &first.text));
    app.client().get(&link).await.assert_status(200);
    app.all_sent().await;
    assert_eq!(app.mails(JANE, RESET).len(), 1);
    assert_eq!(events(&app).await.len(), 1);
}

async fn of_parallel_presses_one_does_it(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (_, link) = signed_in(&app).await;

    let answers = join_all((0..8).map(|_| press(&app, &link))).await;

    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (200, &answers[0].text));
    }
    app.all_sent().await;
    assert_eq!(app.mails(JANE, RESET).len(), 1);
    assert_eq!(events(&app).await.len(), 1);
}

async fn the_session_can_be_ended_when_the_challenge_is_long_gone(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (theirs, link) = signed_in(&app).await;
    let (.., unused) = asked(&app).await;
    app.advance(3 * 86_400).await;
    app.running.auth.prune().await.unwrap();
    assert!(entity::challenge::Entity::find().all(app.db()).await.unwrap().is_empty());

    press(&app, &link).await.assert_status(200);

    app.client().refresh(&theirs.refresh).await.assert_problem(401, "invalid_refresh_token");
    app.link_for(JANE, RESET).await;
    press(&app, &unused).await.assert_status(404);
}

async fn an_address_that_has_had_its_mails_is_told_so(engine: Engine) {
    let app = TestApp::builder(engine)
        .set("limits.enabled", "true")
        .set("limits.mail_per_destination", "1/hour")
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    let (theirs, link) = signed_in(&app).await;
    app.client().forgot(JANE).await.assert_status(200);
    app.link_for(JANE, RESET).await;

    let first = press(&app, &link).await;
    app.advance(7_200).await;
    let second = press(&app, &link).await;

    first.assert_status(200);
    assert!(first.text.contains("have not sent you a link"), "{}", first.text);
    assert_eq!(second.text, first.text);
    app.client().refresh(&theirs.refresh).await.assert_problem(401, "invalid_refresh_token");
    app.all_sent().await;
    assert_eq!(app.mails(JANE, RESET).len(), 1);
}

#[actix_web::test]
async fn presses_of_one_address_are_limited() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("limits.enabled", "true")
        .set("limits.mail_per_ip", "2/min")
        .start()
        .await;
    app.add_two_step_user(JANE).await;
    let (theirs, link) = signed_in(&app).await;
    for _ in 0..2 {
        press(&app, "/not-me/invented").await.assert_status(404);
    }

    let limited = press(&app, &link).await;

    limited.assert_status(429);
    assert!(limited.header("retry-after").is_some());
    assert!(limited.text.contains("<h1>"), "a person reads it: {}", limited.text);
    app.client().refresh(&theirs.refresh).await.assert_status(200);
    app.client().get(&link).await.assert_status(200);
    app.advance(60).await;
    press(&app, &link).await.assert_status(200);
}

#[actix_web::test]
async fn the_page_is_strict_and_is_kept_by_nobody() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let (.., link) = asked(&app).await;

    for answer in [app.client().get(&link).await, press(&app, &link).await, press(&app, "/not-me/x").await] {
        let header = |name: &str| answer.header(name).unwrap_or_default();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
        assert!(!answer.text.contains("<script"), "{}", answer.text);
    }
    let put = app.client().send(app.client().request(Method::PUT, &link)).await;
    assert_eq!((put.status, put.header("allow").as_deref()), (405, Some("GET, HEAD, POST")));
}

#[actix_web::test]
async fn the_page_speaks_the_language_of_its_reader() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let (.., link) = asked(&app).await;
    let client = app.client();
    let ask = async |languages: &str| {
        client.send(client.request(Method::GET, &link).header("accept-language", languages)).await
    };

    let german = ask("de-AT, en;q=0.5").await;
    let other = ask("fr").await;

    assert!(german.text.contains("<html lang=\"de\">"), "{}", german.text);
    assert!(german.text.contains("Das war ich nicht"), "{}", german.text);
    assert!(other.text.contains("This was not me"), "{}", other.text);
    assert!(german.header("vary").unwrap().to_lowercase().contains("accept-language"));
}

#[actix_web::test]
async fn a_sign_in_of_the_article_is_disowned_too() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let challenge = client.login(JANE).await.challenge_id();
    let mail = app.next_mail(JANE, CODE).await;
    client.verify(JANE, &mail.code()).await.token();

    press(&app, &link_in(&mail)).await.assert_status(200);

    assert_eq!(client.show(&challenge).await.json()["status"], "closed");
    let sessions = entity::session::Entity::find().all(app.db()).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert!(sessions[0].ended_at.is_some());
}

#[actix_web::test]
async fn a_code_that_is_mailed_again_has_the_same_link() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_two_step_user(JANE).await;
    let (challenge, _, link) = asked(&app).await;
    app.advance(61).await;

    app.client().send_code(&challenge, "Email").await.assert_status(202);

    assert_eq!(link_in(&app.next_mail(JANE, CODE).await), link);
}

#[actix_web::test]
async fn texts_and_other_mails_have_no_such_link() {
    let app = with_texts(Engine::Sqlite).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let client = app.client();
    let (challenge, _) = opened(&app, &client).await;
    client.send_code(&challenge, "Sms").await.assert_status(202);
    texted_code(&app, NUMBER).await;
    client.forgot(JANE).await.assert_status(200);

    let caught = client.get("/dev/inbox.json").await.json();
    app.link_for(JANE, RESET).await;

    assert!(!caught.to_string().contains("not-me"), "{caught}");
    let with_link = app.mails_to(JANE).into_iter().filter(|mail| mail.text.contains("not-me"));
    assert!(with_link.map(|mail| mail.subject).eq([CODE]));
}

async fn the_button_forgets_the_device_of_that_sign_in_and_no_other(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let remembered = async || {
        let (challenge, code, link) = asked(&app).await;
        let body = serde_json::json!({"code": code, "rememberDevice": true});
        let answer = app.client().v1(&format!("/challenges/{challenge}/verify"), &body).await;
        (answer.field("deviceToken"), link)
    };
    let (kept, _) = remembered().await;
    let (disowned, link) = remembered().await;

    press(&app, &link).await.assert_status(200);

    let log_in = async |device: &str| {
        let body = serde_json::json!({"email": JANE, "password": PASSWORD, "deviceToken": device});
        app.client().v1("/logins", &body).await
    };
    log_in(&disowned).await.challenge();
    log_in(&kept).await.tokens();
}

async fn the_button_ends_what_the_sign_in_has_begun(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (challenge, code, link) = asked(&app).await;
    let body = serde_json::json!({"code": code, "rememberDevice": true});
    let done = app.client().v1(&format!("/challenges/{challenge}/verify"), &body).await;
    let intruder = Me::of(&app, &done.tokens());
    let body =
        serde_json::json!({"email": JANE, "password": PASSWORD, "deviceToken": done.field("deviceToken")});
    let by_device = Me::of(&app, &app.client().v1("/logins", &body).await.tokens());
    let change = serde_json::json!({"email": "other@example.com"});
    intruder.send("POST", "/me/email", &change).await.assert_status(202);
    let asked_for = app.link_for("other@example.com", CONFIRMATION).await;

    press(&app, &link).await.assert_status(200);

    app.client().refresh(&by_device.refresh).await.assert_problem(401, "invalid_refresh_token");
    let body = serde_json::json!({"token": asked_for.token});
    app.client().v1("/email-confirmations", &body).await.assert_problem(400, "invalid_token");
    let reset = app.link_for(JANE, RESET).await;
    app.client().reset(&reset, NEW_PASSWORD).await.assert_status(200);
}
