//! Which registrations are refused, and with which texts.

use serde_json::json;

use crate::support::*;

const JANE: &str = "jane@example.com";
const SHORT: &str = "Passwords must be at least 8 characters.";
const NO_SYMBOL: &str = "Passwords must have at least one non alphanumeric character.";
const NO_LOWER: &str = "Passwords must have at least one lowercase ('a'-'z').";
const NO_UPPER: &str = "Passwords must have at least one uppercase ('A'-'Z').";
const COMMON: &str = "Passwords must not be a common one.";
const UNEQUAL: &str = "The password and confirmation password do not match.";

async fn refusals(app: &TestApp, password: &str) -> Vec<String> {
    let answer =
        app.client().register_with(JANE, &json!({ "password": password, "confirmPassword": password })).await;
    if answer.status == 201 {
        return Vec::new();
    }
    assert_eq!(answer.json()["isSuccessfulRegistration"], false);
    answer.errors()
}

#[actix_web::test]
async fn by_length_only_short_and_common_passwords_are_refused() {
    let app = TestApp::start(Engine::Sqlite).await;

    assert_eq!(refusals(&app, "seven77").await, [SHORT]);
    assert_eq!(refusals(&app, "password").await, [COMMON]);
    assert_eq!(refusals(&app, "PassWord").await, [COMMON]);
    assert_eq!(refusals(&app, "p\u{ff41}ssword").await, [COMMON], "after NFKC");
    assert_eq!(app.count_users().await, 0);
    for sound in ["password of mine", "zzzzzzzy-zz", "Grüße1234-x", "1111-2222-3333"] {
        assert_eq!(refusals(&app, sound).await, Vec::<String>::new(), "{sound}");
    }
}

#[actix_web::test]
async fn by_classes_every_missing_one_is_named_in_the_articles_order() {
    let app = TestApp::builder(Engine::Sqlite).set("accounts.password_rules", "classes").start().await;

    assert_eq!(refusals(&app, "12").await, [SHORT, NO_SYMBOL, NO_LOWER, NO_UPPER]);
    assert_eq!(refusals(&app, "kqxvbnzwtr").await, [NO_SYMBOL, NO_UPPER]);
    assert_eq!(refusals(&app, "KQXVBNZWTR").await, [NO_SYMBOL, NO_LOWER]);
    assert_eq!(refusals(&app, "Kqxvbnzwtr1").await, [NO_SYMBOL]);
    assert_eq!(refusals(&app, "Kqxvbnzwtr-").await, Vec::<String>::new(), "no digit is asked for");
}

#[actix_web::test]
async fn a_password_has_128_bytes_at_most() {
    let app = TestApp::start(Engine::Sqlite).await;

    let longest = refusals(&app, &"aB-4".repeat(32)).await;
    let too_long = refusals(&app, &format!("{}x", "aB-4".repeat(32))).await;
    let too_many_bytes = refusals(&app, &"é".repeat(65)).await;

    assert_eq!(longest, Vec::<String>::new());
    assert_eq!(too_long.len(), 1, "{too_long:?}");
    assert_eq!(too_many_bytes, too_long);
}

#[actix_web::test]
async fn length_counts_characters_and_not_bytes() {
    let app = TestApp::start(Engine::Sqlite).await;

    assert_eq!(refusals(&app, "ééééééé").await, [SHORT]);
    assert_eq!(refusals(&app, "éèêëēėęě").await, Vec::<String>::new());
}

#[actix_web::test]
async fn what_is_missing_or_unequal_is_named() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();
    let errors = async |changes| {
        let answer = client.register_with(JANE, &changes).await;
        assert_eq!(answer.json()["isSuccessfulRegistration"], false, "{}", answer.text);
        answer.errors()
    };

    assert_eq!(errors(json!({ "confirmPassword": "Other-Horse-7" })).await, [UNEQUAL]);
    assert!(errors(json!({ "email": "" })).await.contains(&"Email is required.".to_owned()));
    assert!(errors(json!({ "email": null })).await.contains(&"Email is required.".to_owned()));
    let no_password = errors(json!({ "password": "", "confirmPassword": "" })).await;
    assert!(no_password.contains(&"Password is required".to_owned()), "{no_password:?}");
    assert_eq!(app.count_users().await, 0);
}

#[actix_web::test]
async fn what_is_no_address_is_refused_with_its_text() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    assert_eq!(client.register("jane").await.errors(), ["Email 'jane' is invalid."]);
    assert_eq!(
        client.register(" ja ne@example.com ").await.errors(),
        ["Email 'ja ne@example.com' is invalid."]
    );
    let unequal = json!({ "email": "ja\u{202e}ne", "confirmPassword": "Other-Horse-7" });
    assert_eq!(client.register_with(JANE, &unequal).await.errors(), ["Email 'jane' is invalid.", UNEQUAL]);
    for email in [
        "jane@",
        "@example.com",
        "ja ne@example.com",
        "jane@exam ple.com",
        "jane@example.com, joe@example.com",
        "jane@example.com>",
        "<jane@example.com>",
        "Jane <jane@example.com>",
        "jane\u{202e}@example.com",
        "jane\u{200b}@example.com",
        "jane\u{ad}@example.com",
        "jane\u{7}@example.com",
        "jane@example..com",
    ] {
        let answer = client.register(email).await;

        let errors = answer.errors();
        assert_eq!(errors.len(), 1, "{email:?}: {errors:?}");
        assert!(errors[0].starts_with("Email '") && errors[0].ends_with("' is invalid."), "{errors:?}");
    }
    app.all_sent().await;
    assert_eq!(app.count_users().await, 0);
    assert!(app.sink.mails().is_empty());
}

#[actix_web::test]
async fn no_address_or_name_smuggles_a_header_or_a_receiver() {
    let app = TestApp::start(Engine::Sqlite).await;
    let client = app.client();

    for email in
        ["jane@example.com\r\nBcc: eve@example.com", "jane@example.com\nX: y", "jane@example.com\u{2028}x"]
    {
        assert_eq!(client.register(email).await.status, 400, "{email:?}");
    }
    let names = json!({ "firstName": "Jane\r\nBcc: eve@example.com\r\n\r\nbody", "lastName": "Doe\u{0}" });
    client.register_with(JANE, &names).await;
    app.all_sent().await;

    assert!(app.mails_to("eve@example.com").is_empty());
    for mail in app.sink.mails() {
        assert_eq!(mail.subject, CONFIRMATION);
        assert!(!mail.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("bcc")), "{:?}", mail.headers);
    }
}
