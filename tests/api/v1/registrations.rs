//! Registrations, confirmations and forgotten passwords of the full API.

use serde_json::json;

use super::*;

on_every_engine!(
    a_registration_is_confirmed_by_its_link,
    a_registration_may_bring_a_number_and_a_language,
    nothing_else_is_taken_from_a_registration,
    a_confirmation_is_mailed_again,
    a_contested_address_gets_a_new_password_instead,
    a_password_is_reset_by_its_link_and_ends_every_session,
);

fn registration_of(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD})
}

async fn a_registration_is_confirmed_by_its_link(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();

    let answer = client.v1("/registrations", &registration_of(JANE)).await;
    let link = app.link_for(JANE, CONFIRMATION).await;
    let before = client.log_in(JANE).await;
    let confirmed = client.v1("/email-confirmations", &json!({"token": link.token})).await;
    let again = client.v1("/email-confirmations", &json!({"token": link.token})).await;

    assert_eq!((answer.status, answer.text.as_str()), (202, "{}"));
    assert!(link.url.starts_with("http://localhost:5001/authentication/emailconfirmation?"), "{}", link.url);
    before.assert_problem(403, "email_not_confirmed");
    confirmed.assert_status(204);
    again.assert_problem(400, "invalid_token");
    client.log_in(JANE).await.tokens();
}

async fn a_registration_may_bring_a_number_and_a_language(engine: Engine) {
    let app = TestApp::start(engine).await;
    let mut body = registration_of(JANE);
    body["phoneNumber"] = "+49 151 12345678".into();
    body["locale"] = "de-AT".into();
    body["firstName"] = "Jane".into();

    app.client().v1("/registrations", &body).await.assert_status(202);
    let link = app.link_for(JANE, "Bitte bestätigen Sie Ihre E-Mail-Adresse").await;
    app.client().v1("/email-confirmations", &json!({"token": link.token})).await.assert_status(204);

    let user = app.user(JANE).await;
    assert_eq!(user.phone_number.as_deref(), Some(NUMBER));
    assert!(!user.phone_confirmed, "a number is confirmed by a code");
    assert_eq!((user.locale.as_deref(), user.first_name.as_str()), (Some("de-AT"), "Jane"));
}

async fn nothing_else_is_taken_from_a_registration(engine: Engine) {
    let app = TestApp::start(engine).await;
    let mut body = registration_of(JANE);
    body["roles"] = json!(["Administrator"]);
    body["emailConfirmed"] = true.into();
    body["twoFactorEnabled"] = true.into();
    body["phoneConfirmed"] = true.into();
    body["phoneNumber"] = NUMBER.into();
    body["id"] = "00000000-0000-0000-0000-000000000000".into();

    app.client().v1("/registrations", &body).await.assert_status(202);

    let user = app.user(JANE).await;
    assert_eq!(user.roles, "[\"Viewer\"]");
    assert!(!user.email_confirmed && !user.two_factor_enabled && !user.phone_confirmed);
}

async fn a_confirmation_is_mailed_again(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    client.v1("/registrations", &registration_of(JANE)).await.assert_status(202);
    let first = app.link_for(JANE, CONFIRMATION).await;
    app.advance(3 * 3_600).await;

    let answer = client.v1("/email-confirmations/resend", &json!({"email": JANE})).await;
    let second = app.link_for(JANE, CONFIRMATION).await;

    assert_eq!((answer.status, answer.text.as_str()), (202, "{}"));
    let expired = client.v1("/email-confirmations", &json!({"token": first.token})).await;
    expired.assert_problem(400, "invalid_token");
    client.v1("/email-confirmations", &json!({"token": second.token})).await.assert_status(204);
    client.log_in(JANE).await.tokens();
}

async fn a_contested_address_gets_a_new_password_instead(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let stranger = json!({"email": JANE, "password": "a stranger's own words"});
    client.v1("/registrations", &stranger).await.assert_status(202);
    client.v1("/registrations", &registration_of(JANE)).await.assert_status(202);

    client.v1("/email-confirmations/resend", &json!({"email": JANE})).await.assert_status(202);
    let link = app.link_for(JANE, RESET).await;
    let body = json!({"token": link.token, "password": "the owner's own words"});
    client.v1("/password/reset", &body).await.assert_status(204);
    app.all_sent().await;

    assert_eq!(app.mails(JANE, CONFIRMATION).len(), 2, "no third link with somebody's password");
    client.v1("/logins", &stranger).await.assert_problem(401, "invalid_credentials");
    let owner = json!({"email": JANE, "password": "the owner's own words"});
    client.v1("/logins", &owner).await.tokens();
}

async fn a_password_is_reset_by_its_link_and_ends_every_session(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_two_step_user(JANE).await;
    let client = app.client();
    let (challenge, code) = opened(&app, &client).await;
    let tokens = client.guess(&challenge, &code).await.tokens();
    let (pending, pending_code) = opened(&app, &client).await;

    let forgot = client.v1("/password/forgot", &json!({"email": JANE})).await;
    let link = app.link_for(JANE, RESET).await;
    let weak = client.v1("/password/reset", &json!({"token": link.token, "password": "short"})).await;
    let body = json!({"token": link.token, "password": "entirely new words"});
    let reset = client.v1("/password/reset", &body).await;
    let again = client.v1("/password/reset", &body).await;

    assert_eq!((forgot.status, forgot.text.as_str()), (202, "{}"));
    assert_eq!(weak.wrong_fields()[0].0, "password", "and the link is not burnt");
    reset.assert_status(204);
    again.assert_problem(400, "invalid_token");
    let refresh = tokens["refreshToken"].as_str().unwrap();
    client.refresh(refresh).await.assert_problem(401, "invalid_refresh_token");
    client.guess(&pending, &pending_code).await.assert_problem(410, "challenge_closed");
    let login = json!({"email": JANE, "password": "entirely new words"});
    client.v1("/logins", &login).await.challenge();
}
