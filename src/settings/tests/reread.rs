use std::fmt::Write as _;

use super::super::{Faults, Settings, Source};
use super::load;

/// What reading `new` again gives while `old` is in force.
fn read_again(old: &str, new: &str, environment: &[(&str, &str)]) -> Result<super::super::Reread, Faults> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.toml");
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let source = Source::new(Some(&path), environment);
    std::fs::write(&path, old).unwrap();
    let in_force = source.load().unwrap();
    std::fs::write(&path, new).unwrap();
    source.read_again(&in_force)
}

fn in_force(settings: &Settings) -> (u32, u32) {
    (settings.two_step.max_attempts, settings.accounts.lockout_attempts)
}

#[test]
fn what_can_change_is_taken_and_the_rest_is_named() {
    let new = "[two_step]\nmax_attempts = 3\n[accounts]\nlockout_attempts = 3\n[log]\nlevel = \"warn\"\nformat = \"json\"\n\
        [server]\nworkers = 7\nallowed_origins = [\"https://a.example.com\"]\n[mail]\ntimeout = \"3s\"\n[limits]\nenabled = false\n\
        [providers.Text]\nkind = \"sms\"\nenabled = true\ngateway = \"inbox\"\n";

    let reread = read_again("", new, &[]).unwrap();

    assert_eq!(in_force(&reread.settings), (3, 5));
    assert_eq!(reread.settings.log.level, "warn");
    assert_eq!(reread.settings.server.allowed_origins, ["https://a.example.com"]);
    assert_eq!(reread.pending, ["server.workers", "accounts.lockout_attempts", "log.format"]);
    let text = reread.changed.iter().filter(|key| key.starts_with("providers.Text.")).count();
    assert!(text >= 5, "{:?}", reread.changed);
    let others: Vec<_> = reread.changed.iter().filter(|key| !key.starts_with("providers.")).collect();
    assert_eq!(
        others,
        ["server.allowed_origins", "two_step.max_attempts", "limits.enabled", "mail.timeout", "log.level"]
    );
}

#[test]
fn a_provider_that_is_gone_has_changed() {
    let text = "[providers.Text]\nkind = \"email\"\n";

    let reread = read_again(text, "", &[]).unwrap();

    assert_eq!(reread.changed, ["providers.Text.kind", "providers.Text.enabled"]);
}

#[test]
fn a_key_that_waits_for_a_restart_is_named_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.toml");
    let source = Source::new(Some(&path), []);
    std::fs::write(&path, "").unwrap();
    let started = source.load().unwrap();
    std::fs::write(&path, "[accounts]\nlockout_attempts = 3\n").unwrap();

    let first = source.read_again(&started).unwrap();
    let second = source.read_again(&first.settings).unwrap();

    assert_eq!(first.pending, ["accounts.lockout_attempts"]);
    assert_eq!(second.pending, ["accounts.lockout_attempts"]);
    assert!(second.changed.is_empty());
}

#[test]
fn the_environment_wins_when_it_is_read_again_too() {
    let environment = [("TWOSTEP__TWO_STEP__MAX_ATTEMPTS", "4")];

    let reread = read_again("", "[two_step]\nmax_attempts = 3\n", &environment).unwrap();

    assert_eq!(reread.settings.two_step.max_attempts, 4);
    assert!(reread.changed.is_empty());
}

#[test]
fn what_is_taken_must_be_sound_beside_what_stays() {
    let production = "mode = \"production\"\n[server]\npublic_url = \"http://localhost:5001\"\n[mail]\ntransport = \"smtp\"\n\
        smtp_url = \"smtp://127.0.0.1:25\"\n[secrets]\nkey = \"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\"\n";

    let Faults(lines) = read_again(production, "mode = \"development\"\n", &[]).unwrap_err();

    assert!(lines.iter().any(|line| line.contains("mail.transport")), "{lines:?}");
}

#[test]
fn a_change_of_a_secret_is_named_and_not_shown() {
    let old = "[mail]\ntransport = \"smtp\"\nsmtp_url = \"smtps://u:sesame-one@mail.example.com\"\n";
    let new = old.replace("one", "two");

    let reread = read_again(old, &new, &[]).unwrap();

    assert_eq!(reread.changed, ["mail.smtp_url"]);
    assert!(!format!("{reread:?}").contains("sesame"));
    assert!(!reread.settings.masked().contains("sesame"));
}

#[test]
fn what_is_shown_is_what_is_in_force() {
    let reread =
        read_again("", "[two_step]\nmax_attempts = 3\n[accounts]\nlockout_attempts = 3\n", &[]).unwrap();

    let shown = reread.settings.masked();

    assert!(shown.contains("max_attempts = 3") && shown.contains("lockout_attempts = 5"), "{shown}");
    let mut whole = String::new();
    write!(whole, "{}", load("[two_step]\nmax_attempts = 3\n", &[]).unwrap().masked()).unwrap();
    assert_eq!(shown, whole);
}
