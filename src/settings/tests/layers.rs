//! Defaults, file and environment, one over the other.

use std::path::PathBuf;

use super::{Faults, Settings, load};
use crate::otp::{ProviderSettings, SmsGateway};

#[test]
fn a_missing_file_is_a_fault_when_it_was_named() {
    let path = PathBuf::from("nowhere/twostep.toml");

    let Faults(lines) = Settings::load(Some(&path), []).unwrap_err();

    assert!(lines[0].starts_with("nowhere/twostep.toml: expected a readable TOML file: "), "{lines:?}");
    assert!(Settings::load(None, []).is_ok());
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
    let file = "[server]\nworkers = 2\nbody_limit = 2048\n";

    let settings =
        load(file, &[("TWOSTEP__SERVER__WORKERS", "3"), ("TWOSTEP__SERVER__BODY_LIMIT", "")]).unwrap();

    assert_eq!(settings.server.workers, 3);
    assert_eq!(settings.server.body_limit, 2048);
    assert_eq!(settings.accounts.hash_queue, 512);
}

#[test]
fn an_empty_variable_is_an_empty_text_and_nothing_for_a_key_of_another_type() {
    use secrecy::ExposeSecret as _;
    let file = "[server]\nworkers = 2\n[redis]\nurl = \"redis://localhost\"\n[limits]\nenabled = false\n\
        [tokens]\nissuer = \"https://issuer.example.com\"\n[mail]\ntemplates_dir = \"/nowhere/at/all\"\n\
        [providers.Sms]\nallowed_countries = [\"DE\"]\ntwilio_from = \"+4915112345678\"\n";
    let empty = [
        "SERVER__WORKERS",
        "REDIS__URL",
        "LIMITS__ENABLED",
        "TOKENS__ISSUER",
        "MAIL__TEMPLATES_DIR",
        "PROVIDERS__SMS__ALLOWED_COUNTRIES",
        "PROVIDERS__SMS__TWILIO_FROM",
        "DEVELOPMENT__FIXED_CODES",
    ];
    let names = empty.map(|name| format!("TWOSTEP__{name}"));

    let settings = load(file, &names.each_ref().map(|name| (name.as_str(), ""))).unwrap();

    assert_eq!(settings.redis.url.expose_secret(), "");
    assert_eq!(settings.tokens.issuer, "http://localhost:5001");
    assert_eq!(settings.mail.templates_dir, "");
    assert!(settings.masked().contains("twilio_from = \"\""), "{}", settings.masked());
    assert_eq!((settings.server.workers, settings.limits.enabled), (2, false));
    assert!(settings.masked().contains("allowed_countries = [\"DE\"]"), "{}", settings.masked());
}

#[test]
fn variables_are_read_as_the_type_of_their_key() {
    let settings = load(
        "",
        &[
            ("TWOSTEP__SERVER__ALLOWED_ORIGINS", r#"["https://A.example.com:443","http://localhost:1"]"#),
            ("TWOSTEP__LIMITS__ENABLED", "false"),
            ("TWOSTEP__ACCOUNTS__DEFAULT_ROLE", "5"),
            ("TWOSTEP__PROVIDERS__SMS__HTTP_HEADERS", r#"{"x":"y"}"#),
            ("TWOSTEP_UNRELATED", "x"),
            ("PATH", "x"),
        ],
    )
    .unwrap();

    assert_eq!(settings.server.allowed_origins, ["https://a.example.com", "http://localhost:1"]);
    assert!(!settings.limits.enabled);
    assert_eq!(settings.accounts.default_role, "5");
}

#[test]
fn providers_are_changed_and_added_in_order() {
    let file = "[providers.Zebra]\nkind = \"sms\"\ngateway = \"inbox\"\n[providers.Ant]\nkind = \"email\"\n\
        [providers.Sms]\nenabled = true\ngateway = \"inbox\"\n";

    let settings = load(file, &[("TWOSTEP__PROVIDERS__ANT__ENABLED", "false")]).unwrap();

    let names: Vec<&str> = settings.providers.0.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Email", "Sms", "Authenticator", "Zebra", "Ant"]);
    let budget = "500/day".parse().unwrap();
    for index in [1, 3] {
        let ProviderSettings::Sms { enabled, gateway, daily_budget, .. } = &settings.providers.0[index].1
        else {
            panic!()
        };
        assert!(matches!(gateway, SmsGateway::Inbox));
        assert_eq!((*enabled, *daily_budget), (true, budget));
    }
    assert!(matches!(settings.providers.0[4].1, ProviderSettings::Email { enabled: false }));
}

#[test]
fn variables_match_providers_of_the_defaults_and_the_file_ignoring_case() {
    let file = "[providers.WhatsApp]\nkind = \"sms\"\ngateway = \"inbox\"\n";

    let settings = load(
        file,
        &[
            ("TWOSTEP__PROVIDERS__SMS__ENABLED", "true"),
            ("TWOSTEP__PROVIDERS__SMS__GATEWAY", "inbox"),
            ("TWOSTEP__PROVIDERS__WHATSAPP__ENABLED", "false"),
            ("TWOSTEP__PROVIDERS__EMAIL__KIND", "sms"),
            ("TWOSTEP__PROVIDERS__EMAIL__GATEWAY", "inbox"),
        ],
    )
    .unwrap();

    assert!(matches!(
        settings.providers.0[0].1,
        ProviderSettings::Sms { enabled: false, gateway: SmsGateway::Inbox, .. }
    ));
    assert!(matches!(
        settings.providers.0[1].1,
        ProviderSettings::Sms { enabled: true, gateway: SmsGateway::Inbox, .. }
    ));
    assert!(matches!(settings.providers.0[3].1, ProviderSettings::Sms { enabled: false, .. }));
}

#[test]
fn the_issuer_is_the_public_url_as_it_is_written() {
    let issuer = |file: &str| load(file, &[]).unwrap().tokens.issuer;

    assert_eq!(issuer("[server]\npublic_url = \"http://localhost:80\""), "http://localhost:80");
    assert_eq!(issuer("[tokens]\nissuer = \"https://login.example.com\""), "https://login.example.com");
}
