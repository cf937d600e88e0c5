//! What development and production demand.

use super::{faults, load, sole_fault};
use crate::settings::LogFormat;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn production() -> Vec<(&'static str, &'static str)> {
    vec![
        ("TWOSTEP__MODE", "production"),
        ("TWOSTEP__SECRETS__KEY", KEY),
        ("TWOSTEP__SERVER__PUBLIC_URL", "https://login.example.com"),
        ("TWOSTEP__SERVER__TRUSTED_PROXIES", r#"["10.0.0.0/8"]"#),
        ("TWOSTEP__MAIL__TRANSPORT", "smtp"),
        ("TWOSTEP__MAIL__SMTP_URL", "smtps://u:p@mail.example.com"),
    ]
}

#[test]
fn production_refuses_what_only_suits_development() {
    let bare = faults(
        "mode = \"production\"\n[server]\nallowed_origins = [\"*\"]\npublic_url = \"http://login.example.com\"\n\
        [providers.Sms]\nenabled = true\ngateway = \"inbox\"\n[development]\nfixed_codes = {\"a@b.c\" = \"123456\"}",
        &[],
    );

    let names: Vec<&str> = bare.iter().filter_map(|line| line.split(": ").nth(1)).collect();
    let mut expected = [
        "mail.transport",
        "providers.Sms.gateway",
        "secrets.key",
        "server.allowed_origins",
        "server.public_url",
        "development.fixed_codes",
    ];
    let mut found = names.clone();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert!(bare.iter().all(|line| line.contains(" in production")), "{bare:?}");
    assert_eq!(faults("", &production()), Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_one_key_is_told_in_full() {
    let found = faults(
        "mode = \"production\"\n[server]\nallowed_origins = [\"*\", \"nope\"]\npublic_url = \"http://login.example.com/x\"\n\
        [development]\nfixed_codes = {\"nobody\" = \"123456\", \"a@b.c\" = \"1\", \"d@e.f\" = \"2\"}\n\
        [mail]\ntransport = \"smtp\"\nsmtp_url = \"smtp://127.0.0.1:25\"\n",
        &[("TWOSTEP__SECRETS__KEY", KEY)],
    );

    let of = |key: &str| found.iter().filter(|line| line.contains(key)).count();
    assert_eq!(of("server.allowed_origins"), 2, "{found:?}");
    assert!(found.iter().any(|line| line.ends_with("got \"nope\"")), "{found:?}");
    assert!(found.iter().any(|line| line.ends_with("in production, got \"*\"")), "{found:?}");
    assert_eq!(of("server.public_url"), 2, "{found:?}");
    assert_eq!(of("development.fixed_codes"), 3, "{found:?}");
    assert_eq!(found.len(), 7, "{found:?}");
}

#[test]
fn production_takes_texts_by_any_vendor_but_the_inbox() {
    let mut http = production();
    http.extend([
        ("TWOSTEP__PROVIDERS__SMS__ENABLED", "true"),
        ("TWOSTEP__PROVIDERS__SMS__GATEWAY", "http"),
        ("TWOSTEP__PROVIDERS__SMS__HTTP_URL", "https://sms.example.com"),
        ("TWOSTEP__PROVIDERS__SMS__HTTP_BODY", r#"{"to":"{{to}}","text":"{{text}}"}"#),
    ]);

    assert_eq!(faults("", &http), Vec::<String>::new());
    http.push(("TWOSTEP__PROVIDERS__SMS__HTTP_URL", "http://sms.example.com"));
    http.remove(8);
    let fault = sole_fault("", &http);
    assert!(
        fault.starts_with("TWOSTEP__PROVIDERS__SMS__HTTP_URL: providers.Sms.http_url: expected https://"),
        "{fault}"
    );
}

#[test]
fn production_serves_https_by_its_own_or_behind_a_named_proxy() {
    let mut environment = production();
    environment.retain(|(name, _)| *name != "TWOSTEP__SERVER__TRUSTED_PROXIES");
    let fault = sole_fault("", &environment);
    assert!(
        fault.starts_with("TWOSTEP__SERVER__PUBLIC_URL: server.public_url: an https:// address needs"),
        "{fault}"
    );

    environment
        .extend([("TWOSTEP__SERVER__TLS_CERT", "Cargo.toml"), ("TWOSTEP__SERVER__TLS_KEY", "Cargo.toml")]);
    assert_eq!(faults("", &environment), Vec::<String>::new());

    environment.retain(|(name, _)| *name != "TWOSTEP__SERVER__TLS_KEY");
    let missing = [environment.as_slice(), &[("TWOSTEP__SERVER__TLS_KEY", "nowhere.pem")]].concat();
    let missing = sole_fault("", &missing);
    assert!(
        missing.contains(": server.tls_key: expected a readable PEM file, got \"nowhere.pem\""),
        "{missing}"
    );

    let half = sole_fault("", &environment);
    assert!(
        half.starts_with("t.toml: server.tls_key: expected a PEM file: tls_cert and tls_key belong"),
        "{half}"
    );
}

#[test]
fn production_may_be_tried_on_loopback_and_bind_anywhere() {
    let mut environment = production();
    environment.retain(|(name, _)| !name.starts_with("TWOSTEP__SERVER__"));
    environment.push(("TWOSTEP__SERVER__BIND", "0.0.0.0:5001"));

    assert_eq!(faults("", &environment), Vec::<String>::new());
}

#[test]
fn development_binds_loopback_only() {
    for bind in ["0.0.0.0:5001", "10.1.2.3:80", "[::]:80", "login.example.com:80", "localhost.example.com:80"]
    {
        let fault = sole_fault("", &[("TWOSTEP__SERVER__BIND", bind)]);
        assert!(fault.contains("server.bind: expected a loopback address"), "{fault}");
    }
    for bind in ["127.0.0.1:0", "127.9.9.9:1", "[::1]:1", "localhost:5001"] {
        assert_eq!(faults("", &[("TWOSTEP__SERVER__BIND", bind)]), Vec::<String>::new());
    }
}

#[test]
fn logs_are_json_in_production_unless_told_otherwise() {
    let format = |environment: &[(&str, &str)]| load("", environment).unwrap().log.format;
    let mut environment = production();

    assert_eq!(format(&[]), LogFormat::Text);
    assert_eq!(format(&environment), LogFormat::Json);
    environment.push(("TWOSTEP__LOG__FORMAT", "text"));
    assert_eq!(format(&environment), LogFormat::Text);
}
