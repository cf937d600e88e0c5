//! Remembered devices: the second step is spared for a while, and the password never.

use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use super::*;

on_every_engine!(
    an_account_that_was_switched_off_begins_anew,
    a_remembered_device_is_spared_the_second_step_until_its_time_is_over,
    the_cookie_is_as_good_as_the_token,
    nobody_is_remembered_without_asking,
    a_device_belongs_to_its_account,
    the_owner_sees_devices_and_has_them_forgotten,
    a_new_password_forgets_every_device,
    a_sensitive_change_wants_the_second_step_even_so,
    a_device_token_is_worth_nothing_elsewhere,
    two_people_share_a_browser,
);

const OTHER: &str = "other@example.com";

/// A completed sign-in that asks for its device to be remembered.
async fn remembered(app: &TestApp, client: &Client, email: &str) -> (Value, String) {
    let challenge = client.log_in(email).await.v1_challenge_id();
    let code = app.code_for(email).await;
    let body = json!({"code": code, "rememberDevice": true});
    let answer = client.v1(&format!("/challenges/{challenge}/verify"), &body).await;
    (answer.tokens(), answer.field("deviceToken"))
}

async fn log_in_from(client: &Client, email: &str, device: &str) -> Answer {
    client.v1("/logins", &json!({"email": email, "password": PASSWORD, "deviceToken": device})).await
}

async fn a_remembered_device_is_spared_the_second_step_until_its_time_is_over(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.remember_device", "2h").start().await;
    app.add_two_step_user(JANE).await;
    let (_, device) = remembered(&app, &app.client(), JANE).await;
    let client = app.client();

    app.advance(7_199).await;
    let spared = log_in_from(&client, JANE, &device).await;
    let wrong = json!({"email": JANE, "password": "not it at all", "deviceToken": device});
    let without_password = client.v1("/logins", &wrong).await;
    app.advance(1).await;

    assert!(device.len() >= 43, "256 bits");
    let access = spared.tokens()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(jwt::claims(&access)["amr"], json!(["pwd"]));
    without_password.assert_problem(401, "invalid_credentials");
    log_in_from(&client, JANE, &device).await.challenge();
}

async fn the_cookie_is_as_good_as_the_token(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let browser = app.browser();
    let challenge = browser.log_in(JANE).await.v1_challenge_id();
    let body = json!({"code": app.code_for(JANE).await, "rememberDevice": true});
    let answer = browser.v1(&format!("/challenges/{challenge}/verify"), &body).await;

    let set = answer.headers.get_all("set-cookie").iter();
    let lines: Vec<_> = set.map(|line| line.to_str().unwrap().to_owned()).collect();
    let line = lines.iter().find(|line| line.starts_with("twostep_devices=")).expect("a cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/v1", "Max-Age=2592000"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    browser.log_in(JANE).await.tokens();
    app.client().log_in(JANE).await.challenge();
    let insisting = json!({"email": JANE, "password": PASSWORD, "requireSecondStep": true});
    browser.v1("/logins", &insisting).await.challenge();
}

async fn nobody_is_remembered_without_asking(engine: Engine) {
    let app = TestApp::start(engine).await;
    let off = TestApp::builder(engine).beside(&app).set("two_step.remember_device", "off").start().await;
    app.add_two_step_user(JANE).await;
    let (challenge, code) = opened(&app, &app.client()).await;
    let plain = app.client().guess(&challenge, &code).await;
    let (_, device) = remembered(&app, &app.client(), JANE).await;
    let (challenge, code) = opened(&app, &off.client()).await;
    let body = json!({"code": code, "rememberDevice": true});

    let asked_in_vain = off.client().v1(&format!("/challenges/{challenge}/verify"), &body).await;

    assert!(plain.tokens().is_object() && plain.json().get("deviceToken").is_none());
    assert!(asked_in_vain.tokens().is_object() && asked_in_vain.json().get("deviceToken").is_none());
    log_in_from(&off.client(), JANE, &device).await.challenge();
    log_in_from(&app.client(), JANE, &device).await.tokens();
    let odd = json!({"code": "123456", "rememberDevice": "yes"});
    let refused = app.client().v1(&format!("/challenges/{challenge}/verify"), &odd).await;
    assert_eq!(refused.wrong_fields(), [("rememberDevice".to_owned(), "invalid_type".to_owned())]);
}

async fn a_device_belongs_to_its_account(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user(OTHER).await;
    let (_, device) = remembered(&app, &app.client(), JANE).await;

    log_in_from(&app.client(), OTHER, &device).await.challenge();
    log_in_from(&app.client(), JANE, &format!("{device}x")).await.challenge();
    log_in_from(&app.client(), JANE, &device).await.tokens();
}

async fn the_owner_sees_devices_and_has_them_forgotten(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user(OTHER).await;
    let (tokens, device) = remembered(&app, &app.client(), JANE).await;
    let (others, _) = remembered(&app, &app.client(), OTHER).await;
    let (me, other) = (Me::of(&app, &tokens), Me::of(&app, &others));
    // Older than a change may be: a worried owner acts at once.
    app.advance(599).await;

    let listed = me.get("/me/devices").await.json();
    let id = listed[0]["id"].as_str().unwrap().to_owned();
    other.send("DELETE", &format!("/me/devices/{id}"), &json!({})).await.assert_problem(404, "not_found");
    me.send("DELETE", "/me/devices/none", &json!({})).await.assert_problem(404, "not_found");
    me.send("DELETE", &format!("/me/devices/{id}"), &json!({})).await.assert_status(204);
    me.send("DELETE", &format!("/me/devices/{id}"), &json!({})).await.assert_problem(404, "not_found");

    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    let members: Vec<_> = listed[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["id", "createdAt", "expiresAt", "address", "userAgent"]);
    assert_eq!(listed[0]["address"], "127.0.0.1");
    log_in_from(&app.client(), JANE, &device).await.challenge();
    assert_eq!(me.get("/me/devices").await.json(), json!([]));
    let events = me.get("/me/events").await.json();
    let names: Vec<_> = events.as_array().unwrap().iter().map(|event| event["event"].clone()).collect();
    assert!(names.contains(&json!("device_remembered")) && names.contains(&json!("device_forgotten")));
    assert!(!events.to_string().contains(&device));
}

async fn a_new_password_forgets_every_device(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let count = async || entity::trusted_device::Entity::find().count(app.db()).await.unwrap();
    let (tokens, device) = remembered(&app, &app.client(), JANE).await;
    let me = Me::of(&app, &tokens);

    let change = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    me.send("PUT", "/me/password", &change).await.assert_status(204);
    let after_change = json!({"email": JANE, "password": NEW_PASSWORD, "deviceToken": device});
    let challenge = app.client().v1("/logins", &after_change).await.v1_challenge_id();
    assert_eq!(count().await, 0);

    let body = json!({"code": app.code_for(JANE).await, "rememberDevice": true});
    let again = app.client().v1(&format!("/challenges/{challenge}/verify"), &body).await;
    let device = again.field("deviceToken");
    app.client().forgot(JANE).await.assert_status(200);
    let link = app.link_for(JANE, RESET).await;
    app.client().reset(&link, PASSWORD).await.assert_status(200);

    log_in_from(&app.client(), JANE, &device).await.challenge();
    assert_eq!(count().await, 0);
}

async fn a_sensitive_change_wants_the_second_step_even_so(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (_, device) = remembered(&app, &app.client(), JANE).await;
    let spared = Me::of(&app, &log_in_from(&app.client(), JANE, &device).await.tokens());

    let refused = spared.send("POST", "/me/recovery-codes", &json!({})).await;

    refused.assert_problem(403, "reauthentication_required");
}

async fn a_device_token_is_worth_nothing_elsewhere(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (tokens, device) = remembered(&app, &app.client(), JANE).await;
    let client = app.client();

    client.get_with("/api/companies", &device).await.assert_status(401);
    client.get_with("/api/v1/me", &device).await.assert_status(401);
    client.refresh(&device).await.assert_problem(401, "invalid_refresh_token");
    client.show(&device).await.assert_problem(404, "not_found");
    for other in [&tokens["accessToken"], &tokens["refreshToken"]] {
        log_in_from(&client, JANE, other.as_str().unwrap()).await.challenge();
    }
}

async fn two_people_share_a_browser(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    app.add_two_step_user(OTHER).await;
    let browser = app.browser();

    remembered(&app, &browser, JANE).await;
    remembered(&app, &browser, OTHER).await;

    browser.log_in(JANE).await.tokens();
    browser.log_in(OTHER).await.tokens();
    let insisting = json!({"email": JANE, "password": PASSWORD, "requireSecondStep": true});
    let challenge = browser.v1("/logins", &insisting).await.v1_challenge_id();
    let body = json!({"code": app.code_for(JANE).await, "rememberDevice": true});
    browser.v1(&format!("/challenges/{challenge}/verify"), &body).await.tokens();
    let kept = entity::trusted_device::Entity::find().count(app.db()).await.unwrap();
    assert_eq!(kept, 2, "a device that is remembered again takes its own place");
    browser.log_in(OTHER).await.tokens();
}

async fn an_account_that_was_switched_off_begins_anew(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (tokens, device) = remembered(&app, &app.client(), JANE).await;
    let (challenge, code) = opened(&app, &app.client()).await;
    app.client().forgot(JANE).await.assert_status(200);
    let link = app.link_for(JANE, RESET).await;

    for disabled in [true, false] {
        let change = twostep::auth::Change { disabled: Some(disabled), ..Default::default() };
        app.change(JANE, change).await;
    }

    let token = tokens["refreshToken"].as_str().unwrap();
    app.client().refresh(token).await.assert_problem(401, "invalid_refresh_token");
    app.client().guess(&challenge, &code).await.assert_problem(410, "challenge_closed");
    app.client().reset(&link, NEW_PASSWORD).await.assert_status(400);
    log_in_from(&app.client(), JANE, &device).await.challenge();
}
