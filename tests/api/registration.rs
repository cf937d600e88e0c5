//! Registration: whole or not at all, and neutral for taken addresses.

use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::json;

use crate::support::*;

on_every_engine!(
    a_registration_is_answered_empty_and_mails_a_link,
    a_taken_address_is_answered_like_a_free_one_and_its_owner_is_told,
    parallel_registrations_make_one_account,
    each_link_carries_its_own_registration_and_the_first_confirmed_wins,
    an_outsider_who_registers_after_the_owner_gains_nothing,
    nothing_is_left_of_a_registration_whose_mail_cannot_be_queued,
    a_body_cannot_give_itself_rights,
    new_users_have_the_configured_role_and_second_step,
    names_are_kept_as_they_were_typed,
    a_later_registration_does_not_write_into_the_mail,
);

const JANE: &str = "jane@example.com";

async fn a_registration_is_answered_empty_and_mails_a_link(engine: Engine) {
    let app = TestApp::start(engine).await;

    let answer = app.client().register(JANE).await;

    answer.assert_text(201, "");
    let mail = app.next_mail(JANE, CONFIRMATION).await;
    assert_eq!(mail.link().base, CLIENT_URI);
    assert_eq!(mail.link().email, JANE);
    assert!(mail.digit_lines().is_empty());
    let user = app.user(JANE).await;
    assert!(!user.email_confirmed);
    assert!(!user.two_factor_enabled);
    assert!(user.password_hash.starts_with("$argon2id$"));
    app.all_sent().await;
    assert_eq!(app.mails_to(JANE).len(), 1);
}

async fn a_taken_address_is_answered_like_a_free_one_and_its_owner_is_told(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    app.register_and_confirm(JANE).await;
    let before = app.user(JANE).await;

    let free = client.register("free@example.com").await;
    let taken = client
        .register_with(
            "Jane@EXAMPLE.com",
            &json!({ "password": NEW_PASSWORD, "confirmPassword": NEW_PASSWORD }),
        )
        .await;

    taken.assert_text(201, "");
    let names = |answer: &Answer| answer.headers.keys().cloned().collect::<Vec<_>>();
    assert_eq!((taken.status, &taken.text, names(&taken)), (free.status, &free.text, names(&free)));
    app.all_sent().await;
    let mails = app.mails_to(JANE);
    assert_eq!(mails.len(), 2, "the link, and the notice");
    assert!(!mails[1].has_token());
    assert!(mails[1].digit_lines().is_empty());
    assert_eq!(app.user(JANE).await, before);
    client.login(JANE).await.token();
    client.login_with(JANE, NEW_PASSWORD).await.assert_refused(INVALID);
}

async fn parallel_registrations_make_one_account(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();

    let answers = futures_util::future::join_all((0..8).map(|_| client.register(JANE))).await;

    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    assert_eq!(app.count_users().await, 1);
    client.confirm(&app.link_for(JANE, CONFIRMATION).await).await.assert_status(200);
    client.login(JANE).await.token();
}

/// Registers with a password and a name of its own, and reads the mailed link.
async fn register_as(app: &TestApp, password: &str, name: &str) -> Link {
    let changes = json!({ "password": password, "confirmPassword": password, "firstName": name });
    app.client().register_with(JANE, &changes).await.assert_status(201);
    app.link_for(JANE, CONFIRMATION).await
}

async fn each_link_carries_its_own_registration_and_the_first_confirmed_wins(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let first = register_as(&app, PASSWORD, "Jane").await;
    let second = register_as(&app, NEW_PASSWORD, "Janet").await;

    client.confirm(&second).await.assert_status(200);
    let late = client.confirm(&first).await;

    late.assert_text(400, "Invalid Email Confirmation Request");
    client.login_with(JANE, NEW_PASSWORD).await.token();
    client.login_with(JANE, PASSWORD).await.assert_refused(INVALID);
    assert_eq!(app.user(JANE).await.first_name, "Janet");
    assert_eq!(app.count_users().await, 1);
}

async fn an_outsider_who_registers_after_the_owner_gains_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let owners = register_as(&app, PASSWORD, "Jane").await;
    let outsiders = register_as(&app, "Outsider-Word-9", "Eve").await;

    client.confirm(&owners).await.assert_status(200);

    client.login_with(JANE, "Outsider-Word-9").await.assert_refused(INVALID);
    client.confirm(&outsiders).await.assert_text(400, "Invalid Email Confirmation Request");
    client.login_with(JANE, "Outsider-Word-9").await.assert_refused(INVALID);
    client.login_with(JANE, PASSWORD).await.token();
    assert_eq!(app.user(JANE).await.first_name, "Jane");
}

async fn a_later_registration_does_not_write_into_the_mail(engine: Engine) {
    let app = TestApp::start(engine).await;
    register_as(&app, PASSWORD, "Jane").await;
    let changes = json!({ "firstName": "Your-prize-waits" });

    app.client().register_with(JANE, &changes).await.assert_status(201);

    app.next_mail(JANE, CONFIRMATION).await;
    app.all_sent().await;
    for mail in app.mails_to(JANE) {
        assert!(mail.text.contains("Jane") && mail.html.contains("Jane"), "{}", mail.text);
        assert!(!mail.text.contains("prize") && !mail.html.contains("prize"), "{}", mail.text);
    }
}

async fn nothing_is_left_of_a_registration_whose_mail_cannot_be_queued(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.db().execute_unprepared("ALTER TABLE messages RENAME TO messages_away").await.unwrap();

    let answer = app.client().register(JANE).await;

    assert!(!answer.errors().is_empty());
    assert_eq!(app.count_users().await, 0);
    assert!(entity::link::Entity::find().all(app.db()).await.unwrap().is_empty());
    app.db().execute_unprepared("ALTER TABLE messages_away RENAME TO messages").await.unwrap();
    app.register_and_confirm(JANE).await;
    app.client().login(JANE).await.token();
}

async fn a_body_cannot_give_itself_rights(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let greedy = json!({
        "roles": ["Administrator"], "role": "Administrator", "emailConfirmed": true, "email_confirmed": true,
        "twoFactorEnabled": true, "id": "00000000-0000-0000-0000-000000000001", "phoneNumber": "+4915112345678",
        "phoneConfirmed": true, "lockedUntil": 0, "isAdmin": true,
    });

    client.register_with(JANE, &greedy).await.assert_status(201);

    client.login(JANE).await.assert_refused("Email is not confirmed");
    let user = app.user(JANE).await;
    assert_eq!(user.roles, r#"["Viewer"]"#);
    assert!(!user.email_confirmed && !user.two_factor_enabled && !user.phone_confirmed);
    assert_eq!(user.phone_number, None);
    assert_ne!(user.id, uuid::Uuid::from_u128(1));
}

async fn new_users_have_the_configured_role_and_second_step(engine: Engine) {
    let app = TestApp::builder(engine)
        .set("accounts.default_role", "Reader")
        .set("accounts.two_factor_for_new_users", "true")
        .set("accounts.require_confirmed_email", "false")
        .start()
        .await;
    let client = app.client();
    client.register("early@example.com").await.assert_status(201);
    client.login("early@example.com").await.assert_refused("Invalid 2-Step Verification Provider.");

    app.register_and_confirm(JANE).await;
    let (challenge, code) = app.open_challenge(&client, JANE).await;
    let token = client.verify_challenge(JANE, &code, &challenge).await.token();

    assert_eq!(jwt::claims(&token)["roles"], json!(["Reader"]));
}

async fn names_are_kept_as_they_were_typed(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let names = json!({ "firstName": "Zoë <b>", "lastName": "O'Brien 🦀 \"x\"" });

    client.register_with(JANE, &names).await.assert_status(201);

    let mail = app.next_mail(JANE, CONFIRMATION).await;
    assert!(!mail.html.contains("<b>"), "names are escaped: {}", mail.html);
    client.confirm(&mail.link()).await.assert_status(200);
    let token = client.login(JANE).await.token();
    assert_eq!(jwt::claims(&token)["name"], "Zoë <b> O'Brien 🦀 \"x\"");
}
