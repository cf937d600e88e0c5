//! In which language a reader is written to, and templates of one's own per language.

use reqwest::Method;
use serde_json::json;

use crate::support::*;
use crate::v1::{JANE, Me, NUMBER, V1, texted_code, with_texts};

on_every_engine!(
    a_german_user_gets_german_mails,
    a_registration_takes_the_language_of_the_browser_on_both_faces,
    a_locale_that_is_named_goes_before_the_browsers,
);

const GERMAN_CODE: &str = "Ihr Code zum Anmelden";
const GERMAN_CONFIRMATION: &str = "Bitte bestätigen Sie Ihre E-Mail-Adresse";
const GERMAN_RESET: &str = "Neues Passwort wählen";
const GERMAN_LOCK: &str = "Ihr Konto ist vorübergehend gesperrt";

/// A user with the second step on, who has chosen German.
async fn add_german(app: &TestApp) {
    app.add_user(JANE).await;
    let me = Me::log_in(app).await;
    me.send("PATCH", "/me", &json!({"locale": "de-AT", "firstName": "Jäne"})).await.assert_status(200);
    let change = twostep::auth::Change { two_factor_enabled: Some(true), ..Default::default() };
    app.change(JANE, change).await;
}

async fn a_german_user_gets_german_mails(engine: Engine) {
    let app = TestApp::start(engine).await;
    add_german(&app).await;
    let client = app.client();
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let body = json!({"email": JANE, "password": PASSWORD});
    let login = client.request(Method::POST, "/api/v1/logins").header("user-agent", agent).json(&body);

    let challenge = client.send(login).await.v1_challenge_id();
    let mail = app.next_mail(JANE, GERMAN_CODE).await;

    assert!(mail.text.starts_with("Guten Tag Jäne,"), "{}", mail.text);
    assert!(mail.html.contains("<html lang=\"de\">"), "{}", mail.html);
    for told in ["5 Minuten", "127.0.0.1 (Firefox, Linux)", "/not-me/", "Waren das nicht Sie?"] {
        assert!(mail.text.contains(told) && mail.html.contains(told), "{told}: {}", mail.text);
    }
    client.guess(&challenge, &mail.code()).await.tokens();
    client.forgot(JANE).await.assert_status(200);
    let link = app.link_for(JANE, GERMAN_RESET).await;
    for _ in 0..5 {
        client.login_with(JANE, "Wrong-Horse-7").await;
    }
    let locked = app.next_mail(JANE, GERMAN_LOCK).await;
    assert!(locked.text.contains("für 5 Minuten gesperrt") && locked.digit_lines().is_empty());
    client.reset(&link, NEW_PASSWORD).await.assert_status(200);
    app.next_mail(JANE, "Ihr Passwort wurde geändert").await;
}

async fn a_registration_takes_the_language_of_the_browser_on_both_faces(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let register = async |path: &str, email: &str, languages: &str| {
        let request = client.request(Method::POST, path).header("accept-language", languages);
        client.send(request.json(&registration(email))).await
    };

    register("/api/accounts/registration", JANE, "fr;q=0.4, de-CH, en;q=0.9").await.assert_text(201, "");
    register("/api/v1/registrations", "joe@example.com", "de").await.assert_status(202);
    register("/api/accounts/registration", "jim@example.com", "tlh, x, ?;q=1").await.assert_status(201);
    client.register("jil@example.com").await.assert_status(201);

    let mail = app.next_mail(JANE, GERMAN_CONFIRMATION).await;
    client.confirm(&mail.link()).await.assert_status(200);
    assert!(mail.text.contains("Der Link gilt 2 Stunden"), "{}", mail.text);
    assert_eq!(app.user(JANE).await.locale.as_deref(), Some("de-CH"));
    app.next_mail("joe@example.com", GERMAN_CONFIRMATION).await;
    app.next_mail("jim@example.com", CONFIRMATION).await;
    app.next_mail("jil@example.com", CONFIRMATION).await;
    assert_eq!(app.user("jim@example.com").await.locale.as_deref(), Some("tlh"));
    assert_eq!(app.user("jil@example.com").await.locale, None);
    client.forgot(JANE).await.assert_status(200);
    app.link_for(JANE, GERMAN_RESET).await;
}

async fn a_locale_that_is_named_goes_before_the_browsers(engine: Engine) {
    let app = TestApp::start(engine).await;
    let client = app.client();
    let body = json!({"email": JANE, "password": PASSWORD, "locale": "en-GB"});
    let request = client.request(Method::POST, "/api/v1/registrations").header("accept-language", "de");

    client.send(request.json(&body)).await.assert_status(202);

    app.next_mail(JANE, CONFIRMATION).await;
    assert_eq!(app.user(JANE).await.locale.as_deref(), Some("en-GB"));
}

#[actix_web::test]
async fn a_german_user_gets_a_german_text() {
    let app = with_texts(Engine::Sqlite).set("two_step.default_provider", "Sms").start().await;
    app.add_user_with_phone(JANE, NUMBER).await;
    let client = app.client();
    let challenge = client.log_in(JANE).await.v1_challenge_id();
    let first = texted_code(&app, NUMBER).await;
    let me = Me::of(&app, &client.guess(&challenge, &first).await.tokens());
    me.send("PATCH", "/me", &json!({"locale": "de"})).await.assert_status(200);
    app.advance(120).await;

    let challenge = client.log_in(JANE).await.v1_challenge_id();

    let text = eventually("a German text", async || {
        let caught = client.get("/dev/inbox.json").await.json();
        let text =
            caught.as_array()?.iter().find(|one| one["text"].as_str().unwrap().contains("Ihr Code"))?.clone();
        Some(text)
    })
    .await;
    let (words, code) = (text["text"].as_str().unwrap(), text["code"].as_str().unwrap());
    assert_eq!(words.lines().last(), Some(format!("@localhost #{code}").as_str()));
    assert!(words.chars().count() <= 306, "{words}");
    client.guess(&challenge, code).await.tokens();
}

#[actix_web::test]
async fn a_template_of_ones_own_is_for_its_own_language() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("email/de")).unwrap();
    std::fs::write(folder.path().join("email/de/code.subject"), "Code von der Post").unwrap();
    std::fs::write(folder.path().join("email/code.subject"), "Code by the post office").unwrap();
    let app = TestApp::builder(Engine::Sqlite)
        .set("mail.templates_dir", folder.path().to_str().unwrap())
        .start()
        .await;
    add_german(&app).await;
    app.add_two_step_user("joe@example.com").await;

    app.client().login(JANE).await.challenge_id();
    app.client().login("joe@example.com").await.challenge_id();

    let german = app.next_mail(JANE, "Code von der Post").await;
    assert!(german.text.starts_with("Guten Tag"), "the rest is built in: {}", german.text);
    let english = app.next_mail("joe@example.com", "Code by the post office").await;
    assert!(english.text.starts_with("Hello"), "{}", english.text);
}

#[test]
fn a_faulty_template_stops_the_start_with_its_name_and_the_reason() {
    for (file, text, reason) in [
        ("email/de/code.txt", "{{ code }}\n{{ nmae }}", "undefined"),
        ("email/de/code.html", "<p>{{ name }}</p>", "must show the code"),
        ("sms/code.txt", "{{ code", "syntax"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        let installation = Installation::bare().set("mail.templates_dir", folder.path().to_str().unwrap());

        let outcome = installation.run(&["serve"]);

        assert_ne!(outcome.code, Some(0), "{outcome:?}");
        assert!(
            outcome.stderr.contains(file) && outcome.stderr.contains(reason),
            "{file}: {}",
            outcome.stderr
        );
    }
}
