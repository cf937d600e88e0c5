//! What is wrong is named, all of it at once.

use super::{faults, sole_fault};

/// What a file says (` ; ` is a line break), and what its one fault begins with.
const BAD_VALUES: &str = r#"
mode = "prod"  =>  mode: expected "development" or "production", got "prod"
mode = "prod" ; server.bind = "0.0.0.0:5001"  =>  mode: expected "development" or
mode = 1  =>  mode: expected a string, got 1
server.bind = "5001"  =>  server.bind: expected HOST:PORT
server.public_url = "localhost"  =>  server.public_url: expected an absolute URL
server.public_url = ""  =>  server.public_url: expected an absolute URL
server.public_url = "nowhere at all"  =>  server.public_url: expected an absolute URL
server.public_url = "http://localhost/a b"  =>  server.public_url: expected http:// or https://
server.public_url = " http://localhost"  =>  server.public_url: expected http:// or https://
server.public_url = "http://localhost/x"  =>  server.public_url: expected http:// or https://
server.public_url = "http://u@localhost"  =>  server.public_url: expected http:// or https://
server.public_url = "http://localhost?x"  =>  server.public_url: expected http:// or https://
server.public_url = "ftp://localhost"  =>  server.public_url: expected http:// or https://
server.allowed_origins = ["http://a/b"]  =>  server.allowed_origins: expected origins
server.allowed_origins = ["https://*.example.com"]  =>  server.allowed_origins: expected origins such as
server.allowed_origins = ["*", "https://*"]  =>  server.allowed_origins: expected origins such as
server.public_url = "https://*.example.com"  =>  server.public_url: expected http:// or https://
server.allowed_origins = "http://a"  =>  server.allowed_origins: expected a list, got
server.allowed_origins = [1]  =>  server.allowed_origins: expected origins
database.url = "sqlite::memory:"  =>  database.url: expected a file
server.trusted_proxies = ["10.0.0.1/99"]  =>  server.trusted_proxies: expected networks
server.workers = -1  =>  server.workers: expected a number from 0 to 1024, got -1
server.workers = "2"  =>  server.workers: expected a whole number, got "2"
server.workers = 1.5  =>  server.workers: expected a whole number, got 1.5
server.body_limit = 1  =>  server.body_limit: expected a number from
server.request_timeout = "15"  =>  server.request_timeout: expected a duration such as
server.request_timeout = "2h"  =>  server.request_timeout: expected a duration from 100ms to 10m
database.url = "oracle://x"  =>  database.url: expected a sqlite:, postgres: or mysql: URL
database.url = "postgres://u:5#sesame@h/d"  =>  database.url: expected a sqlite:
database.url = "postgres://u:5/sesame@h/d"  =>  database.url: expected a sqlite:
database.url = "mysql://u:5?sesame@h/d"  =>  database.url: expected a sqlite:
database.url = ""  =>  database.url: expected a sqlite:, postgres: or mysql: URL
redis.url = "http://localhost"  =>  redis.url: expected redis://HOST:PORT or rediss://HOST:PORT
secrets.key = "c2hvcnQ="  =>  secrets.key: expected base64 of exactly 32 bytes
accounts.default_role = " "  =>  accounts.default_role: expected a name
accounts.password_min_length = 129  =>  accounts.password_min_length: expected a number from 1
accounts.password_rules = "nist"  =>  accounts.password_rules: unknown variant `nist`, expected
accounts.same_address = "any"  =>  accounts.same_address: unknown variant `any`, expected
accounts.argon2_memory_kib = 31 ; accounts.argon2_parallelism = 4  =>  accounts.argon2_memory_kib: expected at least 32
accounts.require_confirmed_email = "yes"  =>  accounts.require_confirmed_email: expected true or false
two_step.code_length = 4  =>  two_step.code_length: expected a number from 6 to 10, got 4
two_step.max_attempts = 0  =>  two_step.max_attempts: expected a number from 1
two_step.account_attempts = "ten"  =>  two_step.account_attempts: expected a rate such as
two_step.account_attempts = "1001/min"  =>  two_step.account_attempts: expected a count of at most 1000
two_step.destination_sends = "2000/day"  =>  two_step.destination_sends: expected a count of at most 1000
limits.mail_per_destination = "9999/hour"  =>  limits.mail_per_destination: expected a count of at most 1000
two_step.default_provider = "Mail"  =>  two_step.default_provider: expected one of Email, Sms, Auth
two_step.remember_device = "500d"  =>  two_step.remember_device: expected a duration from 1s to 400d
tokens.algorithm = "none"  =>  tokens.algorithm: unknown variant `none`, expected
tokens.algorithm = "HS256"  =>  tokens.hs256_key: expected base64 of at least 32 bytes
tokens.hs256_key = "c2hvcnQ="  =>  tokens.hs256_key: expected base64 of at least 32 bytes
tokens.audience = ""  =>  tokens.audience: expected a text
tokens.issuer = "a b"  =>  tokens.issuer: expected a text
tokens.refresh_idle = "31d"  =>  tokens.refresh_idle: expected at most refresh_absolute (30d)
mail.transport = "smpt"  =>  mail.transport: unknown variant `smpt`, expected
mail.transport = "smtp"  =>  mail.smtp_url: expected the relay's URL
mail.smtp_url = "smtp://example.com"  =>  mail.smtp_url: expected ?tls=required
mail.fallback_smtp_url = "http://x"  =>  mail.fallback_smtp_url: expected smtps://
mail.from = "a\rb <a@b.c>"  =>  mail.from: expected a sender
mail.from = "nobody"  =>  mail.from: expected a sender
mail.templates_dir = "/nowhere/at/all"  =>  mail.templates_dir: expected a folder
providers.Sms.gateway = "pigeon"  =>  providers.Sms.gateway: unknown variant `pigeon`, expected
providers.Sms.enabled = true ; providers.Sms.gateway = "http"  =>  providers.Sms.http_url: expected https://
providers.Sms.allowed_countries = ["de"]  =>  providers.Sms.allowed_countries: expected ISO 3166
providers.Sms.kind = "pigeon"  =>  providers.Sms.kind: expected "email", "sms" or "auth
providers.Fax.enabled = true  =>  providers.Fax.kind: expected "email", "sms" or "authent
providers.RecoveryCode.kind = "email"  =>  providers.RecoveryCode: expected another name
providers.SMS.kind = "email"  =>  providers.SMS: expected another name: it differs from providers.Sms
providers."a.b".kind = "email"  =>  providers.a.b: expected a name of 1 to 32
log.level = ""  =>  log.level: expected env_logger filter syntax
log.level = "loud"  =>  log.level: expected env_logger filter syntax
log.level = "twostep=loud"  =>  log.level: expected env_logger filter syntax
log.format = "xml"  =>  log.format: unknown variant `xml`, expected
development.fixed_codes = { "a@b.c" = "12345" }  =>  development.fixed_codes: expected codes of 6 digits
development.fixed_codes = { "a@b.c" = "12345x" }  =>  development.fixed_codes: expected codes of 6 digits
development.fixed_codes = { "nobody" = "123456" }  =>  development.fixed_codes: expected mail addresses, got "nobody"
"#;

const UNKNOWN_KEYS: &str = r#"
sever = 1  =>  sever: unknown, expected one of mode, [server], [database]
sever.bind = ""  =>  sever: unknown
server = 1  =>  server: expected a table
providers = 1  =>  providers: expected a table
providers.Sms = 1  =>  providers.Sms: expected a table
server.Bind = "127.0.0.1:1"  =>  server.Bind: unknown, expected one of bind, public_url
redis.host = "x"  =>  redis.host: unknown, expected one of url
providers.Email.gateway = "inbox"  =>  providers.Email.gateway: unknown, expected one of kind, enabled
providers.Sms.twilio_sid = "x"  =>  providers.Sms.twilio_sid: unknown, expected one of kind, enabled, gateway, allowed
server.bind = "127.0.0.1:1" ; server.bind = "127.0.0.1:2"  =>  line 2: expected TOML: duplicate key `bind`
[server] ; [server]  =>  line 2: expected TOML: duplicate key
[secrets] ; key = sesame  =>  line 2: expected TOML: 
"#;

/// What a variable says, and what the fault says behind its name.
const BAD_VARIABLES: &str = r#"
server.workers = many  =>  server.workers: expected a whole number, got "many"
limits.enabled = yes  =>  limits.enabled: expected true or false, got "yes"
server.trusted_proxies = 10.0.0.0/8  =>  server.trusted_proxies: expected a list as JSON, got
development.fixed_codes = x  =>  development.fixed_codes: expected a table as JSON
database.url = oracle:sesame  =>  database.url: expected a sqlite:
mail.smtp_url = smtp://:sesame@example.com  =>  mail.smtp_url: expected ?tls=required
providers.Email.kind = fax  =>  providers.Email.kind: expected "email"
two_step.code_lifetime =   =>  two_step.code_lifetime: expected a duration
tokens.audience =   =>  tokens.audience: expected a text
providers.Sms.kind =   =>  providers.Sms.kind: expected "email"
server.bin =   =>  unknown, expected
server.bin = x  =>  unknown, expected
providers.Fax.kind = sms  =>  unknown, expected
providers.Email.gateway = inbox  =>  unknown, expected
mode.x = 1  =>  unknown, expected
"#;

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.trim().lines().map(|row| row.split_once("  =>  ").unwrap())
}

fn check_files(table: &'static str) {
    for (file, expected) in rows(table) {
        let fault = sole_fault(&file.replace(" ; ", "\n"), &[]);

        assert!(fault.starts_with(&format!("t.toml: {expected}")), "{file}\n  {fault}\n  {expected}");
        assert!(!fault.contains("sesame"), "{fault}");
    }
}

#[test]
fn bad_values_are_named_with_what_was_expected() {
    check_files(BAD_VALUES);
}

#[test]
fn unknown_misplaced_and_repeated_keys_are_refused_by_name() {
    check_files(UNKNOWN_KEYS);
}

#[test]
fn bad_and_unknown_variables_are_named() {
    for (variable, expected) in rows(BAD_VARIABLES) {
        let (key, value) = variable.split_once(" = ").unwrap();
        let name = format!("TWOSTEP__{}", key.replace('.', "__").to_uppercase());

        let found = faults("", &[(&name, value)]);

        let fault = found.first().unwrap();
        assert!(fault.starts_with(&format!("{name}: {expected}")), "{fault}\n  {expected}");
        assert!(!fault.contains("sesame"), "{fault}");
    }
}

#[test]
fn two_variables_for_one_key_are_refused() {
    let fault = sole_fault("", &[("TWOSTEP__SERVER__WORKERS", "1"), ("TWOSTEP__Server__Workers", "2")]);

    assert_eq!(
        fault,
        "TWOSTEP__Server__Workers: server.workers: expected one variable for this key, got two"
    );
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
