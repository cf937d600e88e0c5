//! The configuration through the real program: faults stop it by name, secrets stay masked.

use base64::Engine as _;

use crate::support::*;

const SECRET: &str = "Relay-Secret-1";

fn key() -> String {
    base64::engine::general_purpose::STANDARD.encode(twostep::vault::random_bytes::<32>())
}

/// What production accepts.
fn production() -> Installation {
    Installation::bare()
        .set("mode", "production")
        .set("server.bind", "127.0.0.1:0")
        .set("server.public_url", "https://login.example.com")
        .set("server.allowed_origins", r#"["https://app.example.com"]"#)
        .set("server.trusted_proxies", r#"["127.0.0.1/32"]"#)
        .set("database.url", "sqlite://twostep.db")
        .set("secrets.key", &key())
        .set("mail.transport", "smtp")
        .set("mail.smtp_url", &format!("smtps://user:{SECRET}@relay.example.com"))
        .set("mail.from", "twostep <no-reply@example.com>")
}

#[actix_web::test]
async fn the_effective_configuration_is_printed_with_secrets_masked() {
    let installation = production().set("tokens.hs256_key", &key()).set("two_step.max_attempts", "3");

    let outcome = installation.run(&["config", "check"]);

    let text = &outcome.assert_code(0).stdout;
    assert!(text.contains("max_attempts = 3"), "{text}");
    assert!(text.contains("code_lifetime = \"5m\""), "{text}");
    for secret in ["secrets.key", "tokens.hs256_key"] {
        assert!(!text.contains(&installation.environment()[&variable(secret)]), "{secret} in {text}");
    }
    assert!(!text.contains(SECRET), "{text}");
}

#[actix_web::test]
async fn every_fault_is_named_at_once_and_ends_with_2() {
    let installation =
        Installation::bare().set("two_step.code_lifetime", "soon").set("two_step.no_such_key", "1");
    installation.write("twostep.toml", "[server]\nbnid = \"127.0.0.1:1\"\nworkers = \"many\"\n[nothing]\n");

    for command in [&["config", "check"][..], &["serve"]] {
        let outcome = installation.run(command);

        outcome.assert_code(2);
        for name in ["CODE_LIFETIME", "NO_SUCH_KEY", "bnid", "workers", "nothing", "twostep.toml"] {
            assert!(
                outcome.stderr.to_lowercase().contains(&name.to_lowercase()),
                "{name} in {}",
                outcome.stderr
            );
        }
        assert!(outcome.stdout.is_empty(), "{}", outcome.stdout);
    }
}

#[actix_web::test]
async fn bad_values_are_refused_by_name() {
    for (key, value) in [
        ("mode", "staging"),
        ("server.bind", "nowhere"),
        ("server.public_url", "not a url"),
        ("server.allowed_origins", "[\"http://a.example/path\"]"),
        ("server.trusted_proxies", "[\"10.0.0.0/99\"]"),
        ("server.request_timeout", "15"),
        ("database.url", "oracle://x"),
        ("secrets.key", "c2hvcnQ="),
        ("accounts.password_rules", "strict"),
        ("accounts.lockout_duration", "-5m"),
        ("two_step.account_attempts", "10 per 15m"),
        ("two_step.code_length", "0"),
        ("two_step.default_provider", "Pigeon"),
        ("tokens.algorithm", "none"),
        ("limits.login_per_ip", "many"),
        ("mail.from", "nobody"),
        ("mail.transport", "pigeon"),
        ("mail.smtp_url", "http://relay"),
        ("mail.templates_dir", "no/such/folder"),
        ("providers.Odd.kind", "pigeon"),
        ("log.format", "xml"),
    ] {
        let outcome = Installation::bare().set(key, value).run(&["config", "check"]);

        assert_eq!(outcome.code, Some(2), "{key} = {value}: {outcome:?}");
        let name = key.rsplit('.').next().unwrap();
        assert!(outcome.stderr.to_lowercase().contains(&name.to_lowercase()), "{key}: {}", outcome.stderr);
    }
}

#[actix_web::test]
async fn a_missing_file_is_named() {
    let outcome = Installation::bare().run(&["config", "check", "--config", "elsewhere.toml"]);

    assert!(outcome.assert_code(2).stderr.contains("elsewhere.toml"), "{}", outcome.stderr);
}

#[actix_web::test]
async fn the_environment_wins_over_the_file() {
    let installation = Installation::bare().set("two_step.max_attempts", "4");
    installation.write("other.toml", "[two_step]\nmax_attempts = 3\ncode_length = 8\n");

    let outcome = installation.run(&["config", "check", "--config", "other.toml"]);

    let text = &outcome.assert_code(0).stdout;
    assert!(text.contains("max_attempts = 4") && text.contains("code_length = 8"), "{text}");
}

#[actix_web::test]
async fn production_refuses_what_only_suits_development_one_line_a_fault() {
    production().run(&["config", "check"]).assert_code(0);

    for (name, value) in [
        ("mail.transport", "inbox"),
        ("secrets.key", ""),
        ("server.public_url", "http://login.example.com"),
        ("server.allowed_origins", "[\"*\"]"),
        ("server.trusted_proxies", "[]"),
        ("development.fixed_codes", r#"{"jane@example.com":"123456"}"#),
    ] {
        let outcome = production().set(name, value).run(&["serve"]);

        assert_eq!(outcome.code, Some(2), "{name} = {value}: {outcome:?}");
        assert!(!outcome.stderr.trim().is_empty(), "{name}");
    }
    let all =
        Installation::bare().set("mode", "production").set("server.public_url", "http://login.example.com");
    let outcome = all.run(&["serve"]);
    let lines = outcome.assert_code(2).stderr.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines >= 3, "a line a fault: {}", outcome.stderr);
}

#[actix_web::test]
async fn development_refuses_to_be_seen_from_outside() {
    for bind in ["0.0.0.0:0", "[::]:0", "192.0.2.1:5001"] {
        let outcome = Installation::bare().set("server.bind", bind).run(&["serve"]);

        assert_eq!(outcome.code, Some(2), "{bind}: {outcome:?}");
        assert!(outcome.stderr.contains("bind"), "{}", outcome.stderr);
    }
}

#[actix_web::test]
async fn production_serves_and_logs_json() {
    let server = production().serve();

    server.client().get("/dev/inbox").await.assert_status(404);
    server.client().get("/health/live").await.assert_status(200);

    let log = server.log();
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
    assert!(!log.contains(SECRET));
}

#[actix_web::test]
async fn a_shared_secret_must_be_given_and_long_enough() {
    for key in ["", "c2hvcnQ="] {
        let installation = Installation::bare().set("tokens.algorithm", "HS256").set("tokens.hs256_key", key);

        let outcome = installation.run(&["config", "check"]);

        assert!(outcome.assert_code(2).stderr.to_lowercase().contains("hs256_key"), "{}", outcome.stderr);
        assert!(key.is_empty() || !outcome.stderr.contains(key), "{}", outcome.stderr);
    }
}
