//! The audit trail: what an owner must find in it, and from where it came.

use serde_json::json;

use super::*;

on_every_engine!(
    a_lock_is_in_the_trail_once_with_the_address,
    a_lock_by_a_wrong_current_password_is_in_the_trail,
    a_disabled_factor_is_in_the_trail_once_with_its_provider,
    what_a_link_does_is_in_the_trail_with_the_address,
);

const HERE: &str = "127.0.0.1";

/// The events of that name, newest first.
async fn events(me: &Me, name: &str) -> Vec<Value> {
    let all = me.get("/me/events").await.json();
    all.as_array().unwrap().iter().filter(|event| event["event"] == name).cloned().collect()
}

async fn a_lock_is_in_the_trail_once_with_the_address(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;

    for _ in 0..7 {
        app.client().login_with(JANE, NEW_PASSWORD).await.assert_refused(INVALID);
    }

    let locks = events(&me, "locked_out").await;
    assert_eq!(locks.len(), 1, "{locks:?}");
    assert_eq!(locks[0]["address"], HERE);
    app.next_mail(JANE, LOCKED).await;
    // An address that nobody has is locked alike.
    for _ in 0..7 {
        app.client().login_with("nobody@example.com", NEW_PASSWORD).await.assert_refused(INVALID);
    }
}

async fn a_lock_by_a_wrong_current_password_is_in_the_trail(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;

    for _ in 0..5 {
        let body = json!({"currentPassword": "Wrong-Horse-7", "newPassword": NEW_PASSWORD});
        me.send("PUT", "/me/password", &body).await.assert_status(422);
    }

    let locks = events(&me, "locked_out").await;
    assert_eq!(locks.len(), 1, "{locks:?}");
    assert_eq!(locks[0]["address"], HERE);
}

async fn a_disabled_factor_is_in_the_trail_once_with_its_provider(engine: Engine) {
    let app = TestApp::builder(engine).set("two_step.account_attempts_total", "2").start().await;
    app.add_two_step_user(JANE).await;
    let me = Me::log_in_with_code(&app).await;
    app.code_for(JANE).await;
    let (challenge, code) = opened(&app, &app.client()).await;

    app.client().guess(&challenge, &wrong(&code)).await.assert_problem(401, "invalid_code");
    let before = events(&me, "factor_disabled").await;
    app.client().guess(&challenge, &wrong(&code)).await.assert_problem(401, "invalid_code");
    app.client().guess(&challenge, &wrong(&code)).await;

    let disabled = events(&me, "factor_disabled").await;
    assert!(before.is_empty());
    assert_eq!(disabled.len(), 1, "{disabled:?}");
    assert_eq!(
        (&disabled[0]["address"], &disabled[0]["detail"]["provider"]),
        (&json!(HERE), &json!("Email"))
    );
}

async fn what_a_link_does_is_in_the_trail_with_the_address(engine: Engine) {
    const OTHER: &str = "jane.doe@example.com";
    let app = TestApp::start(engine).await;
    let client = app.client();
    app.register_and_confirm(JANE).await;
    client.v1("/registrations", &json!({"email": JANE, "password": PASSWORD})).await.assert_status(202);
    client.forgot(JANE).await.assert_status(200);
    let link = app.link_for(JANE, RESET).await;
    client.reset(&link, PASSWORD).await.assert_status(200);
    let me = Me::log_in(&app).await;
    me.send("POST", "/me/email", &json!({"email": OTHER})).await.assert_status(202);
    let token = app.link_for(OTHER, CONFIRMATION).await.token;
    client.v1("/email-confirmations", &json!({"token": token})).await.assert_status(204);

    for name in ["registered", "email_confirmed", "registration_tried", "password_reset", "email_changed"] {
        let told = events(&me, name).await;
        assert_eq!(told.len(), 1, "{name}: {told:?}");
        assert_eq!(told[0]["address"], HERE, "{name}");
    }
}
