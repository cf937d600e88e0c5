//! Recovery codes: given, used and made anew.

use serde_json::json;

use super::factors::switch_on;
use super::*;

on_every_engine!(
    who_has_the_second_step_from_the_start_gets_codes_at_the_first_put,
    a_recovery_code_is_good_once_and_its_owner_is_told,
    new_recovery_codes_kill_the_old_ones,
);

async fn who_has_the_second_step_from_the_start_gets_codes_at_the_first_put(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let me = Me::log_in_with_code(&app).await;
    let put = async |enabled| me.send("PUT", "/me/two-factor", &json!({"enabled": enabled})).await;

    let codes = switch_on(&me).await;
    let again = put(true).await;
    let client = app.client();
    for code in &codes {
        let challenge = client.log_in(JANE).await.v1_challenge_id();
        client.guess_by(&challenge, "RecoveryCode", code).await.tokens();
    }
    let off = put(false).await;
    let on = put(true).await;

    assert_eq!(codes.len(), 10);
    for answer in [&again, &off, &on] {
        answer.assert_status(200);
        assert!(answer.json().get("recoveryCodes").is_none(), "only the first time: {}", answer.text);
    }
    assert_eq!(
        (&again.json()["recoveryCodesLeft"], &on.json()["recoveryCodesLeft"]),
        (&json!(10), &json!(0))
    );
    let events = me.get("/me/events").await.json();
    let made = events.as_array().unwrap().iter().filter(|event| event["event"] == "recovery_codes_made");
    assert_eq!(made.count(), 1, "{events}");
    app.all_sent().await;
    let told = app.mails(JANE, "Your account was changed");
    assert!(told.iter().any(|mail| mail.text.contains("new recovery codes were made")));
}

async fn a_recovery_code_is_good_once_and_its_owner_is_told(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let codes = switch_on(&me).await;
    let client = app.client();
    let (first, _) = opened(&app, &client).await;
    let (second, _) = opened(&app, &client).await;

    let malformed = client.guess_by(&first, "RecoveryCode", "not a code!").await;
    let tokens =
        client.guess_by(&first, "RecoveryCode", &codes[0].replace('-', "").to_uppercase()).await.tokens();
    let again = client.guess_by(&second, "RecoveryCode", &codes[0]).await;

    assert_eq!(malformed.wrong_fields()[0].0, "code");
    assert_eq!(jwt::claims(tokens["accessToken"].as_str().unwrap())["amr"], json!(["pwd", "recovery"]));
    assert_eq!(again.assert_problem(401, "invalid_code")["attemptsLeft"], 4);
    app.next_mail(JANE, "A recovery code was used to sign in").await;
    for code in &codes[1..8] {
        let (challenge, _) = opened(&app, &client).await;
        client.guess_by(&challenge, "RecoveryCode", code).await.tokens();
        app.advance(60).await;
    }
    app.next_mail(JANE, "Two recovery codes are left").await;
    app.all_sent().await;
    assert_eq!(app.mails(JANE, "Two recovery codes are left").len(), 1);
    assert_eq!(app.mails(JANE, "A recovery code was used to sign in").len(), 8);
}

async fn new_recovery_codes_kill_the_old_ones(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let me = Me::log_in(&app).await;
    let old = switch_on(&me).await;
    let strong = Me::log_in_with_code(&app).await;

    let answer = strong.send("POST", "/me/recovery-codes", &json!({})).await;

    answer.assert_status(200);
    let new: Vec<String> = serde_json::from_value(answer.json()["recoveryCodes"].clone()).unwrap();
    assert_eq!(new.len(), 10);
    assert!(new.iter().all(|code| !old.contains(code)));
    let client = app.client();
    let (challenge, _) = opened(&app, &client).await;
    client.guess_by(&challenge, "RecoveryCode", &old[0]).await.assert_problem(401, "invalid_code");
    client.guess_by(&challenge, "RecoveryCode", &new[9]).await.tokens();
}
