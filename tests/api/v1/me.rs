//! The profile, the password, sessions and the audit trail.

use serde_json::json;

use super::*;

on_every_engine!(
    a_profile_is_shown_and_changed,
    a_password_is_changed_and_ends_everything_else,
    a_wrong_current_password_counts_like_one_at_a_login,
    whoever_is_locked_out_by_others_changes_the_password_in_a_known_browser,
    sessions_are_listed_and_ended,
    the_trail_tells_what_happened,
    a_changed_profile_is_in_the_trail_and_not_mailed,
    what_happened_in_one_millisecond_is_told_in_its_order,
    an_ended_session_gets_nothing,
);

async fn a_profile_is_shown_and_changed(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.register_and_confirm(JANE).await;
    let me = Me::log_in(&app).await;

    let before = me.get("/me").await.json();
    let body = json!({"firstName": " Ann ", "locale": "de-AT", "roles": ["Administrator"], "email": "x@y.z"});
    let changed = me.send("PATCH", "/me", &body).await;
    me.send("PATCH", "/me", &json!({"locale": null})).await.assert_status(200);
    let wrong = me.send("PATCH", "/me", &json!({"locale": "../x", "lastName": "a\u{7}b"})).await;

    assert_eq!((&before["firstName"], &before["lastName"]), (&json!("Jane"), &json!("Doe")));
    assert_eq!((&before["email"], &before["roles"]), (&json!(JANE), &json!(["Viewer"])));
    changed.assert_status(200);
    assert_eq!((&changed.json()["firstName"], &changed.json()["locale"]), (&json!("Ann"), &json!("de-AT")));
    assert_eq!((&changed.json()["roles"], &changed.json()["lastName"]), (&json!(["Viewer"]), &json!("Doe")));
    let fields: Vec<_> = wrong.wrong_fields().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["lastName", "locale"]);
    assert_eq!(me.get("/me").await.json()["locale"], Value::Null);
    app.client().get("/api/v1/me").await.assert_problem(401, "unauthorized");
}

async fn a_password_is_changed_and_ends_everything_else(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let (me, elsewhere) = (Me::log_in(&app).await, Me::log_in(&app).await);

    let weak = json!({"currentPassword": PASSWORD, "newPassword": "short"});
    let weak = me.send("PUT", "/me/password", &weak).await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    me.send("PUT", "/me/password", &body).await.assert_status(204);

    assert_eq!(weak.wrong_fields()[0].0, "newPassword");
    app.client().log_in(JANE).await.assert_problem(401, "invalid_credentials");
    let new = json!({"email": JANE, "password": NEW_PASSWORD});
    app.client().v1("/logins", &new).await.tokens();
    app.client().refresh(&elsewhere.refresh).await.assert_problem(401, "invalid_refresh_token");
    app.client().refresh(&me.refresh).await.assert_status(200);
    let mail = app.next_mail(JANE, "Your account was changed").await;
    assert!(mail.text.contains("the password was changed"), "{}", mail.text);
}

async fn a_wrong_current_password_counts_like_one_at_a_login(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;

    for _ in 0..5 {
        let body = json!({"currentPassword": "not it", "newPassword": NEW_PASSWORD});
        let refused = me.send("PUT", "/me/password", &body).await;
        assert_eq!(refused.wrong_fields(), [("currentPassword".to_owned(), "incorrect".to_owned())]);
    }
    let right = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    let locked = me.send("PUT", "/me/password", &right).await;

    assert_eq!(locked.wrong_fields()[0].1, "incorrect");
    app.next_mail(JANE, LOCKED).await;
    app.client().log_in(JANE).await.assert_problem(401, "invalid_credentials");
}

async fn whoever_is_locked_out_by_others_changes_the_password_in_a_known_browser(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let (browser, stranger) = (app.browser(), app.client());
    let tokens = browser.log_in(JANE).await.tokens();
    let (known, elsewhere) = (Me::of(&app, &tokens).by(browser), Me::of(&app, &tokens));
    for _ in 0..5 {
        let wrong = json!({"email": JANE, "password": "not it at all"});
        stranger.v1("/logins", &wrong).await.assert_problem(401, "invalid_credentials");
    }

    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    let locked = elsewhere.send("PUT", "/me/password", &body).await;

    assert_eq!(locked.wrong_fields()[0].1, "incorrect");
    known.send("PUT", "/me/password", &body).await.assert_status(204);
}

async fn sessions_are_listed_and_ended(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    app.add_user("al@example.com").await;
    let me = Me::log_in(&app).await;
    app.advance(1).await;
    let (second, third) = (Me::log_in(&app).await, Me::log_in(&app).await);
    let stranger = app.client().log_in("al@example.com").await.tokens();
    let stranger = jwt::claims(stranger["accessToken"].as_str().unwrap())["sid"].clone();

    let list = me.get("/me/sessions").await.json();
    let own: Vec<_> = list.as_array().unwrap().iter().filter(|session| session["current"] == true).collect();
    let path = format!("/me/sessions/{}", second.session());
    me.send("DELETE", &path, &json!({})).await.assert_status(204);
    me.send("DELETE", &path, &json!({})).await.assert_problem(404, "not_found");
    for id in [stranger.as_str().unwrap(), "nonsense"] {
        let path = format!("/me/sessions/{id}");
        me.send("DELETE", &path, &json!({})).await.assert_problem(404, "not_found");
    }
    app.client().refresh(&second.refresh).await.assert_problem(401, "invalid_refresh_token");
    me.send("DELETE", "/me/sessions", &json!({})).await.assert_status(204);

    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(own.len(), 1);
    assert_eq!((&own[0]["id"], &own[0]["address"]), (&json!(me.session()), &json!("127.0.0.1")));
    app.client().refresh(&third.refresh).await.assert_problem(401, "invalid_refresh_token");
    app.client().refresh(&me.refresh).await.assert_status(200);
    assert_eq!(me.get("/me/sessions").await.json().as_array().unwrap().len(), 1);
}

async fn the_trail_tells_what_happened(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.register_and_confirm(JANE).await;
    let me = Me::log_in(&app).await;

    let events = me.get("/me/events").await.json();

    let names: Vec<_> = events.as_array().unwrap().iter().map(|event| event["event"].clone()).collect();
    assert_eq!(names.len(), 3, "{events}");
    for name in ["registered", "email_confirmed", "signed_in"] {
        assert!(names.contains(&json!(name)), "{events}");
    }
    let signed_in = events.as_array().unwrap().iter().find(|event| event["event"] == "signed_in").unwrap();
    assert_eq!(signed_in["address"], "127.0.0.1");
    assert_eq!(signed_in["detail"]["session"], json!(me.session()));
}

async fn a_changed_profile_is_in_the_trail_and_not_mailed(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.register_and_confirm(JANE).await;
    let me = Me::log_in(&app).await;
    let body = json!({"firstName": "Wilhelmina", "lastName": "Doe", "locale": "de-AT"});

    me.send("PATCH", "/me", &body).await.assert_status(200);
    me.send("PATCH", "/me", &body).await.assert_status(200);
    me.send("PATCH", "/me", &json!({})).await.assert_status(200);
    me.send("PATCH", "/me", &json!({"locale": "../x"})).await.assert_status(422);

    let events = me.get("/me/events").await.json();
    let changes = events.as_array().unwrap().iter().filter(|event| event["event"] == "profile_changed");
    let changes: Vec<_> = changes.collect();
    assert_eq!(changes.len(), 1, "what stays as it is has not changed: {events}");
    assert_eq!(changes[0]["detail"], json!({"session": me.session(), "members": ["firstName", "locale"]}));
    assert_eq!(changes[0]["address"], "127.0.0.1");
    assert!(!events.to_string().contains("Wilhelmina") && !events.to_string().contains("de-AT"));
    app.all_sent().await;
    assert!(app.mails(JANE, "Your account was changed").is_empty());
}

async fn what_happened_in_one_millisecond_is_told_in_its_order(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let mut expected = Vec::new();
    for _ in 0..6 {
        let me = Me::log_in(&app).await;
        expected.insert(0, json!(me.session()));
    }

    let events = Me::log_in(&app).await.get("/me/events").await.json();

    let signed_in = events.as_array().unwrap().iter().filter(|event| event["event"] == "signed_in");
    let told: Vec<_> = signed_in.skip(1).map(|event| event["detail"]["session"].clone()).collect();
    assert_eq!(told, expected, "newest first");
}

async fn an_ended_session_gets_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    app.client().v1("/logout", &json!({"refreshToken": me.refresh})).await.assert_status(204);

    for path in ["/me", "/me/factors", "/me/sessions", "/me/events"] {
        me.get(path).await.assert_problem(401, "unauthorized");
    }
    me.send("PATCH", "/me", &json!({"firstName": "X"})).await.assert_problem(401, "unauthorized");
    me.send("POST", "/me/recovery-codes", &json!({})).await.assert_problem(401, "unauthorized");
}
