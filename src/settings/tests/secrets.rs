//! Secrets stay secret.

use secrecy::ExposeSecret as _;

use super::{load, sole_fault};

/// A configuration in which everything that may be secret is one.
const SECRETS: &str = r#"
[database]
url = "postgres://me:SECRET@db/twostep?sslpassword=SECRET"
[secrets]
key = "U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUMTI="
[tokens]
hs256_key = "U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUMTI="
[mail]
smtp_url = "smtps://me:SECRET@mail.example.com"
fallback_smtp_url = "smtps://me:SECRET@mail.example.org"
[providers.Sms]
twilio_account_sid = "AC123"
twilio_auth_token = "SECRET"
http_url = "https://me:SECRET@sms.example.com/?key=SECRET"
http_headers = { authorization = "SECRET" }
http_body = "{\"key\":\"SECRET\"}"
"#;

#[test]
fn no_secret_is_shown() {
    let settings = load(SECRETS, &[]).unwrap();

    for shown in [settings.masked(), settings.masked_json().to_string(), format!("{settings:?}")] {
        assert!(!shown.contains("SECRET") && !shown.contains("U0VD"), "{shown}");
    }
    let shown: toml::Table = settings.masked().parse().unwrap();
    assert_eq!(shown, settings.keys.shown());
    assert_eq!(shown["secrets"]["key"].as_str(), Some("***"));
    assert_eq!(shown["redis"]["url"].as_str(), Some(""));
    assert_eq!(shown["mail"]["smtp_url"].as_str(), Some("smtps://me:***@mail.example.com"));
    assert_eq!(shown["providers"]["Sms"]["http_headers"]["authorization"].as_str(), Some("***"));
    assert!(settings.database.url.expose_secret().contains("SECRET"));
}

#[test]
fn no_fault_quotes_a_secret() {
    for (key, value) in [
        ("database.url", "\"x SECRET\""),
        ("database.url", "[\"SECRET\"]"),
        ("redis.url", "\"http://:SECRET@x\""),
        ("secrets.key", "\"SECRET\""),
        ("tokens.hs256_key", "\"SECRET\""),
        ("mail.smtp_url", "\"SECRET\""),
        ("mail.fallback_smtp_url", "[\"SECRET\"]"),
        ("development.fixed_codes", "{ \"a@b.c\" = \"SECRET\" }"),
        ("development.fixed_codes", "{ \"a@b.c\" = [\"SECRET\"] }"),
        ("providers.Sms.twilio_auth_token", "[\"SECRET\"]"),
        ("providers.Sms.http_headers", "\"SECRET\""),
    ] {
        let fault = sole_fault(&format!("{key} = {value}"), &[]);
        assert!(fault.starts_with(&format!("t.toml: {key}: ")), "{fault}");
        assert!(!fault.contains("SECRET"), "{fault}");
    }
}
