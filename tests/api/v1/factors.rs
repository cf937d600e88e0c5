//! The factors of an account: enrolled, used and removed.

use futures_util::future::join_all;
use sea_orm::EntityTrait as _;
use serde_json::json;
use totp_rs::{Algorithm, Builder as Totp, Secret};

use super::*;

on_every_engine!(
    parallel_guesses_at_a_new_app_are_told_no_more_than_is_left,
    the_second_step_is_switched_on_with_recovery_codes_and_off_again,
    an_authenticator_is_enrolled_and_signs_in,
    a_time_step_is_good_once_also_in_parallel,
    a_wrong_clock_is_told,
    the_last_factor_stays_while_the_second_step_is_on,
    changes_need_a_fresh_sign_in_that_passed_the_second_step,
    a_preferred_provider_sends_first,
    every_change_is_mailed_and_left_in_the_trail,
    factors_on_the_articles_face,
    an_app_that_was_never_confirmed_goes_without_a_word,
    switches_at_once_are_made_one_after_the_other,
    of_removals_of_an_app_at_once_one_is_told,
);

/// What an authenticator app shows at the server's time, `steps` later.
pub(crate) fn app_code(app: &TestApp, shared_key: &str, steps: i64) -> String {
    let totp = Totp::new()
        .with_algorithm(Algorithm::SHA1)
        .with_secret(Secret::try_from_base32(shared_key).unwrap())
        .build()
        .unwrap();
    totp.generate(u64::try_from(app.clock.now().seconds() + steps * 30).unwrap()).to_string()
}

/// Enrols an app and gives its key; the clock stands at another time step afterwards.
pub(super) async fn enrol(app: &TestApp, me: &Me) -> String {
    let answer = me.send("POST", "/me/authenticator", &json!({})).await;
    answer.assert_status(200);
    let key = answer.field("sharedKey");
    let body = json!({"code": app_code(app, &key, 0)});
    me.send("POST", "/me/authenticator/verify", &body).await.assert_status(204);
    app.advance(30).await;
    key
}

pub(super) async fn switch_on(me: &Me) -> Vec<String> {
    let answer = me.send("PUT", "/me/two-factor", &json!({"enabled": true})).await;
    answer.assert_status(200);
    let codes = answer.json()["recoveryCodes"].clone();
    serde_json::from_value(codes).unwrap_or_default()
}

pub(super) async fn with_phone(engine: Engine) -> (TestApp, Me) {
    let app = with_texts(engine).start().await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    (app, me)
}

async fn the_second_step_is_switched_on_with_recovery_codes_and_off_again(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;

    let before = me.get("/me/factors").await.json();
    let on = me.send("PUT", "/me/two-factor", &json!({"enabled": true})).await;
    let challenge = app.client().log_in(JANE).await.challenge();
    let again =
        Me::log_in_with_code(&app).await.send("PUT", "/me/two-factor", &json!({"enabled": true})).await;
    let off =
        Me::log_in_with_code(&app).await.send("PUT", "/me/two-factor", &json!({"enabled": false})).await;

    assert_eq!(before["twoFactorEnabled"], false);
    assert_eq!(before["preferredProvider"], "Email");
    assert_eq!(
        (&before["factors"][0]["provider"], &before["factors"][0]["kind"]),
        (&json!("Email"), &json!("email"))
    );
    assert_eq!(before["factors"][0]["destination"], "j•••@example.com");
    assert!(before["factors"][0]["confirmedAt"].is_string(), "{before}");
    assert_eq!(before["recoveryCodesLeft"], 0);
    on.assert_status(200);
    assert_eq!(on.json()["twoFactorEnabled"], true);
    assert_eq!(on.json()["recoveryCodes"].as_array().unwrap().len(), 10);
    assert_eq!(on.json()["recoveryCodesLeft"], 10);
    let names: Vec<_> =
        challenge["providers"].as_array().unwrap().iter().map(|p| p["name"].clone()).collect();
    assert_eq!(names, ["Email", "RecoveryCode"]);
    assert_eq!(
        challenge["providers"][1],
        json!({"name": "RecoveryCode", "kind": "recovery", "destination": ""})
    );
    assert!(again.json().get("recoveryCodes").is_none(), "only the first time: {}", again.text);
    assert_eq!(off.json()["twoFactorEnabled"], false);
    app.client().log_in(JANE).await.tokens();
    let nothing = me.send("PUT", "/me/two-factor", &json!({"enabled": "yes"})).await;
    assert_eq!(nothing.wrong_fields(), [("enabled".to_owned(), "invalid_type".to_owned())]);
}

async fn an_authenticator_is_enrolled_and_signs_in(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;

    let enrolment = me.send("POST", "/me/authenticator", &json!({})).await.json();
    let key = enrolment["sharedKey"].as_str().unwrap().to_owned();
    let wrong_code = me.send("POST", "/me/authenticator/verify", &json!({"code": "000000"})).await;
    let code = app_code(&app, &key, 0);
    me.send("POST", "/me/authenticator/verify", &json!({"code": code})).await.assert_status(204);
    switch_on(&me).await;
    let client = app.client();
    let challenge = client.log_in(JANE).await.challenge();
    let id = challenge["id"].as_str().unwrap();
    let used_at_enrolment = client.guess_by(id, "Authenticator", &code).await;
    app.advance(30).await;
    let moved = client.send_code(id, "Authenticator").await.json();
    let tokens = client.guess(id, &app_code(&app, &key, 0)).await.tokens();

    assert!(enrolment["otpauthUri"].as_str().unwrap().contains(&key), "{enrolment}");
    assert!(enrolment["qrSvg"].as_str().unwrap().contains("<svg"));
    assert_eq!(wrong_code.assert_problem(422, "invalid_code")["attemptsLeft"], 4);
    let offered = &challenge["providers"][1];
    assert_eq!(*offered, json!({"name": "Authenticator", "kind": "authenticator", "destination": ""}));
    used_at_enrolment.assert_problem(401, "invalid_code");
    assert_eq!((&moved["provider"], &moved["codeLength"]), (&json!("Authenticator"), &json!(6)));
    assert_eq!((&moved["delivery"], &moved["resendAt"]), (&Value::Null, &Value::Null));
    assert_eq!(jwt::claims(tokens["accessToken"].as_str().unwrap())["amr"], json!(["pwd", "otp"]));
    let row = app.user(JANE).await;
    let stored = entity::authenticator::Entity::find_by_id(row.id).one(app.db()).await.unwrap();
    let secret = Secret::try_from_base32(&key).unwrap();
    assert!(
        !stored.unwrap().secret.unwrap().windows(20).any(|bytes| bytes == secret.as_ref()),
        "it is sealed"
    );
}

async fn a_time_step_is_good_once_also_in_parallel(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let key = enrol(&app, &me).await;
    switch_on(&me).await;
    let client = app.client();
    let mut challenges = Vec::new();
    for _ in 0..6 {
        challenges.push(client.log_in(JANE).await.v1_challenge_id());
    }
    let code = app_code(&app, &key, 0);

    let guesses = challenges[..5].iter().map(|id| client.guess_by(id, "Authenticator", &code));
    let answers = join_all(guesses).await;
    let replay = client.guess_by(&challenges[5], "Authenticator", &code).await;
    let older = client.guess_by(&challenges[5], "Authenticator", &app_code(&app, &key, -1)).await;

    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "{answers:?}");
    replay.assert_problem(401, "invalid_code");
    older.assert_problem(401, "invalid_code");
    app.advance(30).await;
    client.guess_by(&challenges[5], "Authenticator", &app_code(&app, &key, 0)).await.tokens();
}

async fn a_wrong_clock_is_told(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let key = enrol(&app, &me).await;
    switch_on(&me).await;
    let client = app.client();
    let id = client.log_in(JANE).await.v1_challenge_id();
    let early = app_code(&app, &key, 5);

    let refused = client.guess_by(&id, "Authenticator", &early).await;
    app.advance(150).await;
    let in_its_time = client.guess_by(&id, "Authenticator", &early).await;

    let problem = refused.assert_problem(401, "invalid_code");
    assert_eq!((&problem["hint"], &problem["attemptsLeft"]), (&json!("clock_skew"), &json!(4)));
    in_its_time.assert_problem(401, "invalid_code");
    app.advance(30).await;
    client.guess_by(&id, "Authenticator", &app_code(&app, &key, 0)).await.tokens();
}

async fn the_last_factor_stays_while_the_second_step_is_on(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    app.reload("[providers.Email]\nenabled = false\n").await.ok();
    let client = app.client();
    let id = client.log_in(JANE).await.v1_challenge_id();
    let code = texted_code(&app, NUMBER).await;
    let me = Me::of(&app, &client.guess(&id, &code).await.tokens());

    me.send("DELETE", "/me/phone", &json!({})).await.assert_problem(409, "no_valid_provider");
    let key = enrol(&app, &me).await;
    me.send("DELETE", "/me/phone", &json!({})).await.assert_status(204);
    me.send("DELETE", "/me/authenticator", &json!({})).await.assert_problem(409, "no_valid_provider");
    me.send("PUT", "/me/two-factor", &json!({"enabled": false})).await.assert_status(200);
    me.send("DELETE", "/me/authenticator", &json!({})).await.assert_status(204);
    me.send("PUT", "/me/two-factor", &json!({"enabled": true}))
        .await
        .assert_problem(409, "no_valid_provider");

    assert!(!key.is_empty());
    assert_eq!(me.get("/me/factors").await.json()["factors"], json!([]));
}

async fn changes_need_a_fresh_sign_in_that_passed_the_second_step(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let changes: [(&str, &str, Value); 8] = [
        ("PUT", "/me/two-factor", json!({"enabled": true})),
        ("POST", "/me/phone", json!({"phoneNumber": NUMBER})),
        ("POST", "/me/phone/verify", json!({"code": "123456"})),
        ("DELETE", "/me/phone", json!({})),
        ("POST", "/me/authenticator", json!({})),
        ("POST", "/me/authenticator/verify", json!({"code": "123456"})),
        ("POST", "/me/recovery-codes", json!({})),
        ("PUT", "/me/password", json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD})),
    ];
    switch_on(&me).await;

    for (method, path, body) in &changes {
        let weak = me.send(method, path, body).await;
        weak.assert_problem(403, "reauthentication_required");
    }
    let strong = Me::log_in_with_code(&app).await;
    app.advance(599).await;
    strong.send("POST", "/me/recovery-codes", &json!({})).await.assert_status(200);
    app.advance(1).await;
    let refreshed = app.client().refresh(&strong.refresh).await.json();
    let stale = Me::of(&app, &refreshed);
    for (method, path, body) in &changes {
        stale.send(method, path, body).await.assert_problem(403, "reauthentication_required");
    }
    stale.send("PATCH", "/me", &json!({"firstName": "Ann"})).await.assert_status(200);
    stale.send("DELETE", "/me/sessions", &json!({})).await.assert_status(204);
}

async fn a_preferred_provider_sends_first(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let me = Me::log_in_with_code(&app).await;

    let body = json!({"enabled": true, "preferredProvider": "Sms"});
    let chosen = me.send("PUT", "/me/two-factor", &body).await;
    for unknown in ["Authenticator", "RecoveryCode", "nonsense"] {
        let body = json!({"enabled": true, "preferredProvider": unknown});
        me.send("PUT", "/me/two-factor", &body).await.assert_problem(422, "invalid_provider");
    }

    assert_eq!(chosen.json()["preferredProvider"], "Sms");
    assert_eq!(app.client().log_in(JANE).await.challenge()["provider"], "Sms");
    assert_eq!(app.client().login(JANE).await.field("provider"), "Sms");
}

async fn every_change_is_mailed_and_left_in_the_trail(engine: Engine) {
    let (app, me) = with_phone(engine).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let code = texted_code(&app, NUMBER).await;
    me.send("POST", "/me/phone/verify", &json!({"code": code})).await.assert_status(204);
    enrol(&app, &me).await;
    me.send("DELETE", "/me/authenticator", &json!({})).await.assert_status(204);
    me.send("DELETE", "/me/phone", &json!({})).await.assert_status(204);
    me.send("POST", "/me/recovery-codes", &json!({})).await.assert_status(200);
    switch_on(&me).await;
    app.all_sent().await;

    let events = me.get("/me/events").await.json();
    let told: Vec<String> =
        app.mails(JANE, "Your account was changed").into_iter().map(|mail| mail.text).collect();

    for (event, words) in [
        ("phone_added", "a phone number was confirmed"),
        ("phone_removed", "the phone number was removed"),
        ("authenticator_added", "an authenticator app was added"),
        ("authenticator_removed", "the authenticator app was removed"),
        ("recovery_codes_made", "new recovery codes were made"),
        ("two_factor_on", "the second step at sign-in was switched on"),
    ] {
        assert!(events.as_array().unwrap().iter().any(|left| left["event"] == event), "{event}: {events}");
        assert_eq!(told.iter().filter(|text| text.contains(words)).count(), 1, "{words}");
    }
}

async fn factors_on_the_articles_face(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let key = enrol(&app, &me).await;
    let codes = switch_on(&me).await;
    let client = app.client();
    let verify = async |provider: &str, code: &str| {
        let body = json!({"email": JANE, "provider": provider, "token": code});
        client.post("/api/accounts/twostepverification", &body).await
    };

    let login = client.login(JANE).await;
    let code = app_code(&app, &key, 0);
    verify("Authenticator", "000000").await.assert_text(400, INVALID_CODE);
    verify("Authenticator", &code).await.token();
    client.login(JANE).await.challenge_id();
    verify("Authenticator", &code).await.assert_text(400, INVALID_CODE);
    verify("RecoveryCode", &codes[3]).await.token();
    client.login(JANE).await.challenge_id();
    verify("RecoveryCode", &codes[3]).await.assert_text(400, INVALID_CODE);

    assert_eq!(login.json()["providers"], json!(["Email", "Authenticator", "RecoveryCode"]));
}

async fn an_app_that_was_never_confirmed_goes_without_a_word(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let key = me.send("POST", "/me/authenticator", &json!({})).await.field("sharedKey");

    me.send("DELETE", "/me/authenticator", &json!({})).await.assert_status(204);

    let body = json!({"code": app_code(&app, &key, 0)});
    me.send("POST", "/me/authenticator/verify", &body).await.assert_problem(410, "challenge_closed");
    app.all_sent().await;
    assert!(app.mails(JANE, "Your account was changed").is_empty());
    let events = me.get("/me/events").await;
    assert!(!events.text.contains("authenticator"), "{}", events.text);
}

async fn parallel_guesses_at_a_new_app_are_told_no_more_than_is_left(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let key = me.send("POST", "/me/authenticator", &json!({})).await.field("sharedKey");
    let guess = json!({"code": wrong(&app_code(&app, &key, 0))});

    let answers = join_all((0..5).map(|_| me.send("POST", "/me/authenticator/verify", &guess))).await;

    assert_told_what_is_left(&answers, 422);
}

async fn switches_at_once_are_made_one_after_the_other(engine: Engine) {
    let (app, me) = with_phone(engine).await;
    let on = json!({"enabled": true});
    let weak = join_all((0..6).map(|_| me.send("PUT", "/me/two-factor", &on))).await;
    let strong = Me::log_in_with_code(&app).await;
    let switch = |enabled: bool| {
        let (strong, body) = (&strong, json!({"enabled": enabled, "preferredProvider": "Email"}));
        async move { strong.send("PUT", "/me/two-factor", &body).await }
    };

    let answers = join_all([true, false, true, false, true, false].map(switch)).await;

    let (first, late): (Vec<_>, Vec<_>) = weak.iter().partition(|answer| answer.status == 200);
    assert_eq!(first.len(), 1, "{weak:?}");
    assert_eq!(first[0].json()["recoveryCodes"].as_array().unwrap().len(), 10);
    for answer in late {
        answer.assert_problem(403, "reauthentication_required");
    }
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
}

async fn of_removals_of_an_app_at_once_one_is_told(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    enrol(&app, &me).await;

    let nothing = json!({});
    let answers = join_all((0..6).map(|_| me.send("DELETE", "/me/authenticator", &nothing))).await;

    assert!(answers.iter().all(|answer| answer.status == 204), "{answers:?}");
    let events = me.get("/me/events").await.json();
    let removed = events.as_array().unwrap().iter().filter(|event| event["event"] == "authenticator_removed");
    assert_eq!(removed.count(), 1);
}
