//! Tests of the whole: layers, faults, modes, masking.

use std::path::PathBuf;

use secrecy::ExposeSecret as _;

use super::layers::{EXAMPLE, OPTIONAL};
use super::*;
use crate::otp::{ProviderSettings, SmsGateway};
use crate::startup::LogFormat;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Settings, Faults> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.toml");
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(Some(&path), environment)
}

/// The faults, without the folder in front of the file.
fn faults(file: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let Err(Faults(lines)) = load(file, environment) else { return Vec::new() };
    lines
        .iter()
        .map(|line| line.split_once("/t.toml").map_or(line.clone(), |(_, rest)| format!("t.toml{rest}")))
        .collect()
}

fn sole_fault(file: &str, environment: &[(&str, &str)]) -> String {
    let faults = faults(file, environment);
    assert_eq!(faults.len(), 1, "{file:?} {environment:?}: {faults:?}");
    faults.first().unwrap().clone()
}

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
fn the_example_holds_the_defaults() {
    let defaults = load("", &[]).unwrap();
    let example = load(EXAMPLE, &[]).unwrap();

    assert_eq!(example.masked(), defaults.masked());
    assert_eq!(defaults.server.body_limit, 65_536);
    assert_eq!(defaults.tokens.issuer, "http://localhost:5001");
}

#[test]
fn every_key_of_the_example_has_a_comment() {
    for line in EXAMPLE.lines().filter(|line| line.contains(" = ")) {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        assert!(bare.split_once(" # ").is_some_and(|(_, comment)| !comment.trim().is_empty()), "{line}");
    }
}

#[test]
fn the_example_names_the_optional_keys_and_they_are_known() {
    let uncommented = OPTIONAL.iter().fold(EXAMPLE.to_owned(), |text, (key, _)| {
        assert!(text.contains(&format!("\n# {key} = ")), "{key}");
        text.replace(&format!("\n# {key} = "), &format!("\n{key} = "))
    });

    assert_eq!(faults(&uncommented, &[]), Vec::<String>::new());
}

#[test]
fn every_number_has_bounds() {
    for line in EXAMPLE.parse::<toml::Table>().unwrap() {
        let (section, toml::Value::Table(keys)) = line else { continue };
        for key in keys.iter().filter(|(_, value)| value.is_integer()).map(|(key, _)| key) {
            let fault = sole_fault(&format!("[{section}]\n{key} = 9000000000000\n"), &[]);
            assert!(
                fault.starts_with(&format!("t.toml: {section}.{key}: expected a number from ")),
                "{fault}"
            );
        }
    }
}

#[test]
fn bad_values_are_named_with_what_was_expected() {
    let table = [
        ("mode = \"prod\"", "t.toml: mode: expected \"development\" or \"production\", got \"prod\""),
        ("mode = 1", "t.toml: mode: expected a string, got 1"),
        ("[server]\nbind = \"5001\"", "t.toml: server.bind: expected HOST:PORT"),
        ("[server]\npublic_url = \"localhost\"", "t.toml: server.public_url: expected an absolute URL"),
        (
            "[server]\npublic_url = \"http://localhost/x\"",
            "t.toml: server.public_url: expected http:// or https://",
        ),
        (
            "[server]\npublic_url = \"http://u@localhost\"",
            "t.toml: server.public_url: expected http:// or https://",
        ),
        (
            "[server]\npublic_url = \"http://localhost?x\"",
            "t.toml: server.public_url: expected http:// or https://",
        ),
        (
            "[server]\npublic_url = \"ftp://localhost\"",
            "t.toml: server.public_url: expected http:// or https://",
        ),
        ("[server]\nallowed_origins = [\"http://a/b\"]", "t.toml: server.allowed_origins: expected origins"),
        ("[server]\nallowed_origins = \"http://a\"", "t.toml: server.allowed_origins: expected a list, got"),
        ("[server]\nallowed_origins = [1]", "t.toml: server.allowed_origins: expected origins"),
        (
            "[server]\ntrusted_proxies = [\"10.0.0.1/99\"]",
            "t.toml: server.trusted_proxies: expected networks",
        ),
        ("[server]\nworkers = -1", "t.toml: server.workers: expected a number from 0 to 1024, got -1"),
        ("[server]\nworkers = \"2\"", "t.toml: server.workers: expected a whole number, got \"2\""),
        ("[server]\nworkers = 1.5", "t.toml: server.workers: expected a whole number, got 1.5"),
        ("[server]\nbody_limit = 1", "t.toml: server.body_limit: expected a number from"),
        ("[server]\nrequest_timeout = \"15\"", "t.toml: server.request_timeout: expected a duration such as"),
        (
            "[server]\nrequest_timeout = \"2h\"",
            "t.toml: server.request_timeout: expected a duration from 100ms to 10m",
        ),
        ("[server]\ntls_cert = \"/nowhere/x.pem\"", "t.toml: server.tls_cert: expected a readable PEM file"),
        (
            "[database]\nurl = \"oracle://x\"",
            "t.toml: database.url: expected a sqlite:, postgres: or mysql: URL",
        ),
        ("[database]\nurl = \"\"", "t.toml: database.url: expected a sqlite:, postgres: or mysql: URL"),
        (
            "[redis]\nurl = \"redis://localhost\"",
            "t.toml: redis.url: not in this version: limits and sessions",
        ),
        ("[secrets]\nkey = \"c2hvcnQ=\"", "t.toml: secrets.key: expected base64 of exactly 32 bytes"),
        ("[accounts]\ndefault_role = \" \"", "t.toml: accounts.default_role: expected a name"),
        (
            "[accounts]\npassword_min_length = 129",
            "t.toml: accounts.password_min_length: expected a number from 1",
        ),
        (
            "[accounts]\npassword_rules = \"nist\"",
            "t.toml: accounts.password_rules: unknown variant `nist`, expected",
        ),
        (
            "[accounts]\nsame_address = \"any\"",
            "t.toml: accounts.same_address: unknown variant `any`, expected",
        ),
        (
            "[accounts]\nargon2_memory_kib = 31\nargon2_parallelism = 4",
            "t.toml: accounts.argon2_memory_kib: expected at least 32",
        ),
        (
            "[accounts]\nrequire_confirmed_email = \"yes\"",
            "t.toml: accounts.require_confirmed_email: expected true or false",
        ),
        (
            "[two_step]\ncode_length = 4",
            "t.toml: two_step.code_length: expected a number from 6 to 10, got 4",
        ),
        ("[two_step]\nmax_attempts = 0", "t.toml: two_step.max_attempts: expected a number from 1"),
        (
            "[two_step]\naccount_attempts = \"ten\"",
            "t.toml: two_step.account_attempts: expected a rate such as",
        ),
        (
            "[two_step]\ndefault_provider = \"Mail\"",
            "t.toml: two_step.default_provider: expected one of Email, Sms, Auth",
        ),
        (
            "[two_step]\nremember_device = \"500d\"",
            "t.toml: two_step.remember_device: expected a duration from 1s to 400d",
        ),
        ("[tokens]\nalgorithm = \"none\"", "t.toml: tokens.algorithm: unknown variant `none`, expected"),
        ("[tokens]\nalgorithm = \"HS256\"", "t.toml: tokens.hs256_key: expected base64 of at least 32 bytes"),
        (
            "[tokens]\nhs256_key = \"c2hvcnQ=\"",
            "t.toml: tokens.hs256_key: expected base64 of at least 32 bytes",
        ),
        ("[tokens]\naudience = \"\"", "t.toml: tokens.audience: expected a text"),
        (
            "[tokens]\nrefresh_idle = \"31d\"",
            "t.toml: tokens.refresh_idle: expected at most refresh_absolute (30d)",
        ),
        ("[mail]\ntransport = \"smpt\"", "t.toml: mail.transport: unknown variant `smpt`, expected"),
        ("[mail]\ntransport = \"smtp\"", "t.toml: mail.smtp_url: expected the relay's URL"),
        ("[mail]\nsmtp_url = \"smtp://example.com\"", "t.toml: mail.smtp_url: expected ?tls=required"),
        ("[mail]\nfallback_smtp_url = \"http://x\"", "t.toml: mail.fallback_smtp_url: expected smtps://"),
        ("[mail]\nfrom = \"nobody\"", "t.toml: mail.from: expected a sender"),
        ("[mail]\ntemplates_dir = \"/nowhere/at/all\"", "t.toml: mail.templates_dir: expected a folder"),
        (
            "[providers.Sms]\ngateway = \"pigeon\"",
            "t.toml: providers.Sms.gateway: unknown variant `pigeon`, expected",
        ),
        (
            "[providers.Sms]\nenabled = true",
            "default: providers.Sms.gateway: \"twilio\" and \"http\" are not in this",
        ),
        (
            "[providers.Sms]\nenabled = true\ngateway = \"http\"",
            "t.toml: providers.Sms.gateway: \"twilio\" and \"http\"",
        ),
        (
            "[providers.Sms]\nallowed_countries = [\"de\"]",
            "t.toml: providers.Sms.allowed_countries: expected ISO 3166",
        ),
        (
            "[providers.Sms]\nkind = \"pigeon\"",
            "t.toml: providers.Sms.kind: expected \"email\", \"sms\" or \"auth",
        ),
        (
            "[providers.Fax]\nenabled = true",
            "default: providers.Fax.kind: expected \"email\", \"sms\" or \"authent",
        ),
        (
            "[providers.RecoveryCode]\nkind = \"email\"",
            "t.toml: providers.RecoveryCode: expected another name",
        ),
        (
            "[providers.SMS]\nkind = \"email\"",
            "t.toml: providers.SMS: expected another name: it differs from providers.Sms",
        ),
        ("[providers.\"a.b\"]\nkind = \"email\"", "t.toml: providers.a.b: expected a name of 1 to 32"),
        ("[log]\nlevel = \"loud\"", "t.toml: log.level: expected env_logger filter syntax"),
        ("[log]\nformat = \"xml\"", "t.toml: log.format: unknown variant `xml`, expected"),
        (
            "[development]\nfixed_codes = { \"a@b.c\" = \"123456\" }",
            "t.toml: development.fixed_codes: not in this version",
        ),
    ];

    for (file, expected) in table {
        let fault = sole_fault(file, &[]);
        assert!(fault.starts_with(expected), "{file:?}\n  {fault}\n  {expected}");
    }
}

#[test]
fn unknown_and_misplaced_keys_are_refused_by_name() {
    let table = [
        ("sever = 1", "t.toml: sever: unknown, expected one of mode, [server], [database]"),
        ("[sever]\nbind = \"\"", "t.toml: sever: unknown"),
        ("server = 1", "t.toml: server: expected a table"),
        ("providers = 1", "t.toml: providers: expected a table"),
        ("[providers]\nSms = 1", "t.toml: providers.Sms: expected a table"),
        (
            "[server]\nBind = \"127.0.0.1:1\"",
            "t.toml: server.Bind: unknown, expected one of bind, public_url",
        ),
        ("[redis]\nhost = \"x\"", "t.toml: redis.host: unknown, expected one of url"),
        (
            "[providers.Email]\ngateway = \"inbox\"",
            "t.toml: providers.Email.gateway: unknown, expected one of kind, enabled",
        ),
        (
            "[providers.Sms]\ntwilio_sid = \"x\"",
            "t.toml: providers.Sms.twilio_sid: unknown, expected one of kind, ",
        ),
        (
            "[server]\nbind = \"127.0.0.1:1\"\nbind = \"127.0.0.1:2\"",
            "t.toml: line 3: expected TOML: duplicate key `bind`",
        ),
        ("[server]\n[server]", "t.toml: line 2: expected TOML: duplicate key"),
        ("[secrets]\nkey = sesame", "t.toml: line 2: expected TOML: "),
    ];

    for (file, expected) in table {
        let fault = sole_fault(file, &[]);
        assert!(fault.starts_with(expected), "{file:?}\n  {fault}\n  {expected}");
        assert!(!fault.contains("sesame"), "{fault}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let file = "nonsense = 1\n[server]\nworkers = -1\nbind = \"x\"\nrequest_timeout = \"1\"\n[mail]\nfrom = 3\ntimeout = \"x\"\n";

    let faults = faults(file, &[("TWOSTEP__LOG__FORMAT", "xml"), ("TWOSTEP__LOGS", "1")]);

    let names: Vec<&str> = faults.iter().filter_map(|line| line.split(": ").nth(1)).collect();
    for name in [
        "nonsense",
        "server.workers",
        "server.bind",
        "server.request_timeout",
        "mail.from",
        "mail.timeout",
        "log.format",
    ] {
        assert!(names.contains(&name), "{name}: {faults:?}");
    }
    assert!(faults.iter().any(|line| line.starts_with("TWOSTEP__LOGS: unknown")), "{faults:?}");
    assert_eq!(faults.len(), 8, "{faults:?}");
}

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
fn bad_variables_are_named() {
    let table = [
        (
            ("TWOSTEP__SERVER__WORKERS", "many"),
            "TWOSTEP__SERVER__WORKERS: server.workers: expected a whole number, got \"many\"",
        ),
        (
            ("TWOSTEP__LIMITS__ENABLED", "yes"),
            "TWOSTEP__LIMITS__ENABLED: limits.enabled: expected true or false",
        ),
        (
            ("TWOSTEP__SERVER__TRUSTED_PROXIES", "10.0.0.0/8"),
            "TWOSTEP__SERVER__TRUSTED_PROXIES: server.trusted_proxies: expected a list as JSON",
        ),
        (
            ("TWOSTEP__DEVELOPMENT__FIXED_CODES", "x"),
            "TWOSTEP__DEVELOPMENT__FIXED_CODES: development.fixed_codes: expected a table as JSON",
        ),
        (
            ("TWOSTEP__DATABASE__URL", "oracle:sesame"),
            "TWOSTEP__DATABASE__URL: database.url: expected a sqlite:",
        ),
        (("TWOSTEP__SERVER__BIN", "x"), "TWOSTEP__SERVER__BIN: unknown"),
        (("TWOSTEP__PROVIDERS__FAX__KIND", "sms"), "TWOSTEP__PROVIDERS__FAX__KIND: unknown"),
        (("TWOSTEP__PROVIDERS__EMAIL__GATEWAY", "inbox"), "TWOSTEP__PROVIDERS__EMAIL__GATEWAY: unknown"),
        (
            ("TWOSTEP__PROVIDERS__EMAIL__KIND", "fax"),
            "TWOSTEP__PROVIDERS__EMAIL__KIND: providers.Email.kind: expected \"email\"",
        ),
        (("TWOSTEP__", "x"), "TWOSTEP__: unknown"),
    ];

    for (variable, expected) in table {
        let found = faults("", &[variable]);
        let fault = found.first().unwrap();
        assert!(fault.starts_with(expected), "{variable:?}\n  {fault}\n  {expected}");
        assert!(!fault.contains("sesame"), "{fault}");
    }
    let twice = sole_fault("", &[("TWOSTEP__SERVER__WORKERS", "1"), ("TWOSTEP__Server__Workers", "2")]);
    assert!(twice.contains("expected one variable for this key"), "{twice}");
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
        assert_eq!((*enabled, *gateway, *daily_budget), (true, SmsGateway::Inbox, budget));
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
fn production_refuses_what_only_suits_development() {
    let bare = faults(
        "mode = \"production\"\n[server]\nallowed_origins = [\"*\"]\npublic_url = \"http://login.example.com\"\n\
        [providers.Sms]\nenabled = true\ngateway = \"inbox\"\n[development]\nfixed_codes = {\"a@b.c\" = \"1\"}",
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
    assert_eq!(faults("", &production()), Vec::<String>::new());
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
    let half = sole_fault("", &environment);
    assert!(
        half.starts_with("default: server.tls_key: expected a PEM file: tls_cert and tls_key belong"),
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

#[test]
fn the_issuer_is_the_public_url_as_it_is_written() {
    let issuer = |file: &str| load(file, &[]).unwrap().tokens.issuer;

    assert_eq!(issuer("[server]\npublic_url = \"http://localhost:80\""), "http://localhost:80");
    assert_eq!(issuer("[tokens]\nissuer = \"https://login.example.com\""), "https://login.example.com");
}

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
        ("redis.url", "\"redis://:SECRET@x\""),
        ("secrets.key", "\"SECRET\""),
        ("tokens.hs256_key", "\"SECRET\""),
        ("mail.smtp_url", "\"SECRET\""),
        ("mail.fallback_smtp_url", "[\"SECRET\"]"),
        ("development.fixed_codes", "{ a = \"SECRET\" }"),
        ("development.fixed_codes", "{ a = [\"SECRET\"] }"),
        ("providers.Sms.twilio_auth_token", "[\"SECRET\"]"),
        ("providers.Sms.http_headers", "\"SECRET\""),
    ] {
        let fault = sole_fault(&format!("{key} = {value}"), &[]);
        assert!(fault.starts_with(&format!("t.toml: {key}: ")), "{fault}");
        assert!(!fault.contains("SECRET"), "{fault}");
    }
}
