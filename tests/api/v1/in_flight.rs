//! Codes and challenges that were under way when the configuration changed.

use serde_json::json;

use super::factors::with_phone;
use super::*;

on_every_engine!(
    a_code_has_the_length_that_it_was_sent_with,
    a_number_is_confirmed_by_the_code_that_was_sent,
    an_instance_with_other_lengths_takes_the_code_that_was_sent,
    what_a_provider_has_sent_is_told_after_it_was_turned_off,
);

const LONGER: &str = "[two_step]\ncode_length = 8\n";

#[track_caller]
fn assert_malformed(answer: &Answer, digits: usize) {
    assert_eq!(answer.wrong_fields(), [("code".to_owned(), "invalid".to_owned())]);
    let told = format!("The code has {digits} digits.");
    assert_eq!(answer.json()["errors"][0]["message"], told.as_str());
}

async fn a_code_has_the_length_that_it_was_sent_with(engine: Engine) {
    let app = with_texts(engine).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;

    app.reload(LONGER).await.unwrap();

    assert_eq!(client.show(&challenge).await.json()["codeLength"], 6);
    assert_malformed(&client.guess(&challenge, "12345678").await, 6);
    let moved = client.send_code(&challenge, "Sms").await.json();
    assert_eq!((&moved["provider"], &moved["codeLength"]), (&json!("Sms"), &json!(8)));
    assert_malformed(&client.guess_by(&challenge, "Sms", "123456").await, 8);
    assert_malformed(&client.guess_by(&challenge, "Email", "12345678").await, 6);
    let fresh = client.log_in(JANE).await.challenge();
    let id = fresh["id"].as_str().unwrap();
    assert_eq!(fresh["codeLength"], 8);
    assert_malformed(&client.guess(id, &code).await, 8);
    client.verify_challenge(JANE, &code, id).await.assert_text(400, INVALID_CODE);
    assert_eq!(app.attempts().await, [0, 0]);
    client.guess_by(&challenge, "Email", &code).await.tokens();
    client.guess(id, &app.code_for(JANE).await).await.tokens();
}

async fn a_number_is_confirmed_by_the_code_that_was_sent(engine: Engine) {
    let (app, me) = with_phone(engine).await;
    me.send("POST", "/me/phone", &json!({"phoneNumber": NUMBER})).await.assert_status(202);
    let code = texted_code(&app, NUMBER).await;

    app.reload(LONGER).await.unwrap();

    assert_malformed(&me.send("POST", "/me/phone/verify", &json!({"code": "12345678"})).await, 6);
    let refused = me.send("POST", "/me/phone/verify", &json!({"code": wrong(&code)})).await;
    assert_eq!(refused.assert_problem(422, "invalid_code")["attemptsLeft"], 4);
    me.send("POST", "/me/phone/verify", &json!({"code": code})).await.assert_status(204);
    assert_malformed(&me.send("POST", "/me/phone/verify", &json!({"code": "123456"})).await, 8);
}

async fn an_instance_with_other_lengths_takes_the_code_that_was_sent(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let (first, code) = opened(&app, &app.client()).await;
    let (second, other_code) = app.open_challenge(&app.client(), JANE).await;
    let other = TestApp::builder(engine).set("two_step.code_length", "8").beside(&app).start().await;
    let client = other.client();

    client.guess(&first, &code).await.tokens();
    client.verify_challenge(JANE, &other_code, &second).await.token();
}

async fn what_a_provider_has_sent_is_told_after_it_was_turned_off(engine: Engine) {
    let texts = "[providers.Sms]\nenabled = true\ngateway = \"inbox\"\n";
    let app = TestApp::builder(engine).file(texts).start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let client = app.client();
    let (mailed, code) = opened(&app, &client).await;
    let (texted, _) = opened(&app, &client).await;
    client.send_code(&texted, "Sms").await.assert_status(202);

    app.reload("[providers.Email]\nenabled = false\n").await.unwrap();

    for (challenge, provider, kind, destination) in
        [(&mailed, "Email", "email", "j•••@example.com"), (&texted, "Sms", "sms", "•••• 78")]
    {
        let view = client.show(challenge).await.json();
        assert_eq!((&view["provider"], &view["kind"]), (&json!(provider), &json!(kind)));
        assert_eq!((&view["destination"], &view["codeLength"]), (&json!(destination), &json!(6)));
        assert_eq!(view["providers"], json!([]));
    }
    client.guess(&mailed, &code).await.tokens();
    client.guess(&texted, &texted_code(&app, NUMBER).await).await.tokens();
}
