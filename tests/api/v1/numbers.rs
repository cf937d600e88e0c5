//! A number that its owner gave up: no code that went there is good.

use serde_json::json;

use super::factors::switch_on;
use super::phones::newest_text;
use super::*;

const OTHER: &str = "+4915112345679";

on_every_engine!(
    a_code_for_a_number_that_was_removed_signs_nobody_in,
    a_code_for_a_number_that_was_replaced_signs_nobody_in,
    a_code_for_a_removed_number_is_worth_nothing_on_the_articles_face,
    a_removed_number_is_not_confirmed_by_a_code_that_went_there_before,
    a_number_that_a_confirmation_takes_away_signs_nobody_in,
);

/// Jane with a number, signed in, and a challenge with a mailed and a texted code.
async fn texted(engine: Engine) -> (TestApp, Me, Client, String, [String; 2]) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let me = Me::log_in_with_code(&app).await;
    let client = app.client();
    let challenge = client.log_in(JANE).await.v1_challenge_id();
    let mailed = eventually("the second mail", async || app.mails(JANE, CODE).get(1).map(Mail::code)).await;
    client.send_code(&challenge, "Sms").await.assert_status(202);
    let texted = texted_code(&app, NUMBER).await;
    (app, me, client, challenge, [mailed, texted])
}

async fn a_code_for_a_number_that_was_removed_signs_nobody_in(engine: Engine) {
    let (_app, me, client, challenge, [mailed, texted]) = texted(engine).await;

    me.send("DELETE", "/me/phone", &json!({})).await.assert_status(204);
    let shown = client.show(&challenge).await.json();
    let refused = client.guess(&challenge, &texted).await;
    let resent = client.send_code(&challenge, "Sms").await;

    assert_eq!(refused.assert_problem(401, "invalid_code")["attemptsLeft"], 4);
    assert_eq!((&shown["status"], &shown["provider"]), (&json!("pending"), &json!("Sms")));
    assert_eq!((&shown["destination"], &shown["delivery"]), (&json!(""), &Value::Null), "{shown}");
    assert_eq!(shown["resendAt"], Value::Null);
    resent.assert_problem(422, "invalid_provider");
    client.guess_by(&challenge, "Email", &mailed).await.tokens();
}

async fn a_code_for_a_number_that_was_replaced_signs_nobody_in(engine: Engine) {
    let (app, me, client, challenge, [_, old]) = texted(engine).await;

    me.send("POST", "/me/phone", &json!({"phoneNumber": OTHER})).await.assert_status(202);
    let code = texted_code(&app, OTHER).await;
    client.send_code(&challenge, "Email").await.assert_problem(429, "resend_too_soon");
    me.send("POST", "/me/phone/verify", &json!({"code": code})).await.assert_status(204);
    let shown = client.show(&challenge).await.json();
    let refused = client.guess_by(&challenge, "Sms", &old).await;
    app.advance(60).await;
    let moved = client.send_code(&challenge, "Sms").await;
    let new = newest_text(&app, OTHER, 2).await;
    let still = client.guess_by(&challenge, "Sms", &old).await;

    assert_eq!((&shown["destination"], &shown["delivery"]), (&json!("•••• 79"), &Value::Null), "{shown}");
    assert_eq!(refused.assert_problem(401, "invalid_code")["attemptsLeft"], 4);
    assert_eq!(moved.json()["destination"], "•••• 79");
    assert_ne!(new, old, "another number, another code");
    still.assert_problem(401, "invalid_code");
    client.guess(&challenge, &new).await.tokens();
}

async fn a_code_for_a_removed_number_is_worth_nothing_on_the_articles_face(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let me = Me::log_in_with_code(&app).await;
    let body = json!({"enabled": true, "preferredProvider": "Sms"});
    me.send("PUT", "/me/two-factor", &body).await.assert_status(200);
    let client = app.client();
    assert_eq!(client.login(JANE).await.field("provider"), "Sms");
    let code = texted_code(&app, NUMBER).await;

    me.send("DELETE", "/me/phone", &json!({})).await.assert_status(204);
    let body = json!({"email": JANE, "provider": "Sms", "token": code});
    let refused = client.post("/api/accounts/twostepverification", &body).await;

    refused.assert_text(400, INVALID_CODE);
}

async fn a_removed_number_is_not_confirmed_by_a_code_that_went_there_before(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let me = Me::log_in_with_code(&app).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let code = texted_code(&app, NUMBER).await;

    me.send("DELETE", "/me/phone", &json!({})).await.assert_status(204);
    let refused = me.send("POST", "/me/phone/verify", &json!({"code": code})).await;

    refused.assert_problem(410, "challenge_closed");
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER}))
        .await
        .assert_problem(429, "resend_too_soon");
    app.advance(60).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let code = newest_text(&app, NUMBER, 2).await;
    me.send("POST", "/me/phone/verify", &json!({"code": code})).await.assert_status(204);
}

async fn a_number_that_a_confirmation_takes_away_signs_nobody_in(engine: Engine) {
    let app = with_texts(engine).set("accounts.require_confirmed_email", "false").start().await;
    app.client().register(JANE).await.assert_status(201);
    let link = app.link_for(JANE, CONFIRMATION).await;
    let me = Me::log_in(&app).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let code = texted_code(&app, NUMBER).await;
    me.send("POST", "/me/phone/verify", &json!({"code": code})).await.assert_status(204);
    switch_on(&me).await;
    app.advance(60).await;
    let client = app.client();
    let challenge = client.log_in(JANE).await.v1_challenge_id();
    client.send_code(&challenge, "Sms").await;
    let code = newest_text(&app, NUMBER, 2).await;

    // What was registered has no number.
    client.confirm(&link).await.assert_status(200);

    assert_eq!(app.user(JANE).await.phone_number, None);
    client.guess_by(&challenge, "Sms", &code).await.assert_problem(401, "invalid_code");
}
