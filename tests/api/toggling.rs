//! The configuration of the real program, changed while it serves.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::*;

const JANE: &str = "jane@example.com";
const SMS: &str = "[providers.Sms]\nenabled = true\ngateway = \"inbox\"\n";
const IN_FORCE: &str = "the configuration was read again and is in force";
/// Contract 2.2, and what a busy machine adds.
const SOON: Duration = Duration::from_secs(5);

fn installed(sink: &SmtpSink, toml: &str) -> Installation {
    let installation = Installation::new(sink);
    installation.write("twostep.toml", toml);
    add(&installation, JANE, "+4915112345678");
    installation
}

fn add(installation: &Installation, email: &str, number: &str) {
    let arguments = [
        "user",
        "add",
        email,
        "--password-stdin",
        "--confirmed",
        "--two-factor",
        "on",
        "--phone",
        number,
        "--phone-confirmed",
    ];
    installation.run_with_input(&arguments, PASSWORD).assert_code(0);
}

async fn logged(server: &Server, line: &str, times: usize) {
    let what = format!("{times} × {line:?}");
    eventually(&what, async || (server.log().matches(line).count() >= times).then_some(())).await;
}

async fn offered(server: &Server) -> Value {
    server.client().login(JANE).await.json()["providers"].clone()
}

#[actix_web::test]
async fn a_change_of_the_file_counts_within_two_seconds() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink, "");
    let server = installation.serve();
    assert_eq!(offered(&server).await, json!(["Email"]));

    installation.write("twostep.toml", SMS);
    let start = Instant::now();
    logged(&server, IN_FORCE, 1).await;

    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    assert_eq!(offered(&server).await, json!(["Email", "Sms"]));
}

#[actix_web::test]
async fn a_file_that_takes_the_old_ones_place_or_comes_late_is_seen() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink, "");
    std::fs::remove_file(installation.folder().join("twostep.toml")).unwrap();
    let server = installation.serve();

    installation.write("new.toml", SMS);
    std::fs::rename(installation.folder().join("new.toml"), installation.folder().join("twostep.toml"))
        .unwrap();
    logged(&server, IN_FORCE, 1).await;
    assert_eq!(offered(&server).await, json!(["Email", "Sms"]));

    std::fs::remove_file(installation.folder().join("twostep.toml")).unwrap();
    std::os::unix::fs::symlink("other.toml", installation.folder().join("twostep.toml")).unwrap();
    installation.write("other.toml", "[two_step]\nmax_attempts = 2\n");
    logged(&server, IN_FORCE, 2).await;
    assert_eq!(offered(&server).await, json!(["Email"]));
}

#[actix_web::test]
async fn a_file_that_is_gone_changes_nothing_until_it_is_back() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink, SMS);
    let file = installation.folder().join("twostep.toml");
    std::fs::remove_file(&file).unwrap();
    // Without a file at first: one that was taken up later is missed as well.
    let server = installation.serve();
    installation.write("twostep.toml", SMS);
    logged(&server, IN_FORCE, 1).await;

    std::fs::remove_file(&file).unwrap();
    logged(&server, "the configuration is faulty and was not taken", 1).await;
    server.signal(Signal::HUP);
    logged(&server, "the configuration is faulty and was not taken", 2).await;

    let log = server.log();
    assert!(log.contains("ERROR") && log.contains("twostep.toml: expected a readable TOML file"), "{log}");
    assert_eq!(log.matches(IN_FORCE).count(), 1, "{log}");
    assert_eq!(offered(&server).await, json!(["Email", "Sms"]));

    installation.write("twostep.toml", "[two_step]\nmax_attempts = 2\n");
    logged(&server, IN_FORCE, 2).await;
    assert_eq!(offered(&server).await, json!(["Email"]));
}

#[actix_web::test]
async fn a_file_of_the_start_that_is_gone_changes_nothing() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink, SMS);
    let server = installation.serve();

    std::fs::remove_file(installation.folder().join("twostep.toml")).unwrap();
    logged(&server, "the configuration is faulty and was not taken", 1).await;

    assert_eq!(offered(&server).await, json!(["Email", "Sms"]));
    assert!(!server.log().contains(IN_FORCE), "{}", server.log());
}

#[actix_web::test]
async fn sighup_has_the_file_and_the_templates_read_again() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink, "");
    std::fs::create_dir_all(installation.folder().join("words/email")).unwrap();
    installation.write("twostep.toml", "[mail]\ntemplates_dir = \"words\"\n[log]\nlevel = \"debug\"\n");
    let server = installation.serve();
    let client = server.client();

    installation.write("words/email/code.txt", "Psst:\n{{ code }}\n");
    server.signal(Signal::HUP);
    logged(&server, "SIGHUP: reading the configuration again", 1).await;
    logged(&server, "the configuration was read again and has not changed", 2).await;
    client.login(JANE).await.challenge_id();

    let mail = &sink.wait_for(1, Duration::from_secs(10)).await[0];
    assert!(mail.text.starts_with("Psst:"), "{}", mail.text);
    client.get("/health/live").await.assert_status(200);
}

#[actix_web::test]
async fn a_faulty_file_changes_nothing_and_every_fault_is_logged() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink, SMS);
    let server = installation.serve();

    installation.write(
        "twostep.toml",
        "[two_step]\nmax_attempts = 0\ncolour = \"red\"\n[mail]\ntimeout = \"soon\"\n",
    );
    logged(&server, "the configuration is faulty and was not taken", 3).await;

    let log = server.log();
    for key in ["two_step.max_attempts", "two_step.colour", "mail.timeout"] {
        assert!(log.contains(key), "{key}: {log}");
    }
    assert_eq!(offered(&server).await, json!(["Email", "Sms"]));
    assert!(!log.contains(IN_FORCE), "{log}");
}

#[actix_web::test]
async fn keys_that_need_a_restart_are_named_and_secrets_only_named() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink, "");
    let server = installation.serve();

    installation.write(
        "twostep.toml",
        "[accounts]\nlockout_attempts = 3\n[tokens]\nhs256_key = \"c2VzYW1lLXNlc2FtZS1zZXNhbWUtc2VzYW1lLXNlc2FtZQ==\"\n\
         [two_step]\nmax_attempts = 2\n",
    );
    logged(&server, "these keys have changed and need a restart", 1).await;

    let log = server.log();
    assert!(log.contains("accounts.lockout_attempts, tokens.hs256_key"), "{log}");
    assert!(log.contains("changed=two_step.max_attempts"), "{log}");
    assert!(!log.contains("c2VzYW1l"), "{log}");
}

#[actix_web::test]
async fn the_log_level_changes_unless_rust_log_rules() {
    let sink = SmtpSink::start().await;
    for (rust_log, reads) in [("", true), ("info", false), ("foo=bar=baz", true)] {
        let installation = Installation::new(&sink).env("RUST_LOG", rust_log);
        let server = installation.serve();
        assert_eq!(server.log().contains("RUST_LOG cannot be read"), rust_log.contains("foo"), "{rust_log}");
        server.client().get("/health/live").await.assert_status(200);
        assert!(!server.log().contains("path=/health/live"), "{}", server.log());

        installation.write("twostep.toml", "[log]\nlevel = \"debug\"\n");
        logged(&server, IN_FORCE, 1).await;
        server.client().get("/health/live").await.assert_status(200);
        server.client().get("/nothing").await.assert_status(404);
        logged(&server, "path=/nothing", 1).await;

        assert_eq!(server.log().contains("path=/health/live"), reads, "{rust_log:?}: {}", server.log());
    }
}

#[actix_web::test]
async fn who_is_left_without_a_provider_is_counted() {
    let sink = SmtpSink::start().await;
    let installation = installed(&sink, SMS);
    let server = installation.serve();

    installation.write("twostep.toml", &format!("{SMS}[providers.Email]\nenabled = false\n"));
    logged(&server, "turned off; so many users are left without a provider providers=Email users=0", 1).await;
    installation.write("twostep.toml", "[providers.Email]\nenabled = false\n");

    logged(&server, "turned off; so many users are left without a provider providers=Sms users=1", 1).await;
}

/// Signs `email` in again and again until `done`; every code has to arrive and to be good. Tells how many came by text.
async fn sign_in_until(
    done: Arc<AtomicBool>,
    server: Client,
    sink: Arc<SmtpSink>,
    email: String,
    number: String,
) -> (usize, usize) {
    let mut seen = HashSet::new();
    let (mut sign_ins, mut texts) = (0, 0);
    while !done.load(Ordering::SeqCst) {
        let mails = sink.mails().iter().filter(|mail| mail.is_to(&email)).count();
        let login = server.login(&email).await;
        login.assert_status(200);
        let (challenge, provider) = (login.challenge_id(), login.field("provider"));
        let code = match provider.as_str() {
            "Email" => {
                eventually("a mail", async || {
                    sink.mails()
                        .into_iter()
                        .filter(|mail| mail.is_to(&email))
                        .nth(mails)
                        .map(|mail| mail.code())
                })
                .await
            }
            "Sms" => {
                texts += 1;
                eventually("a text", async || {
                    let inbox = server.get("/dev/inbox.json").await.json();
                    let mut caught = inbox.as_array().unwrap().iter();
                    let new =
                        caught.find(|text| text["to"] == number.as_str() && !seen.contains(&text["id"]))?;
                    seen.insert(new["id"].clone());
                    Some(new["code"].as_str().unwrap().to_owned())
                })
                .await
            }
            other => panic!("{other}"),
        };
        let body = json!({ "email": email, "provider": provider, "token": code, "challengeId": challenge });
        server.post("/api/accounts/twostepverification", &body).await.token();
        sign_ins += 1;
    }
    (sign_ins, texts)
}

#[actix_web::test]
async fn no_request_fails_and_no_code_is_lost_while_a_provider_is_flipped_twenty_times() {
    const FLIPS: usize = 20;
    let sink = Arc::new(SmtpSink::start().await);
    let settings = "[two_step]\ndestination_sends = \"off\"\ndefault_provider = \"Sms\"\n";
    let on = format!("{settings}{SMS}daily_budget = \"off\"\n");
    let installation = installed(&sink, &on);
    let people: Vec<_> =
        (0..6).map(|n| (format!("user{n}@example.com"), format!("+491511234560{n}"))).collect();
    for (email, number) in &people {
        add(&installation, email, number);
    }
    let server = installation.serve();
    let done = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = people
        .into_iter()
        .map(|(email, number)| {
            let work = sign_in_until(done.clone(), server.client(), sink.clone(), email, number);
            actix_web::rt::spawn(work)
        })
        .collect();

    for flip in 1..=FLIPS {
        installation.write("twostep.toml", if flip % 2 == 1 { settings } else { &on });
        logged(&server, IN_FORCE, flip).await;
    }
    done.store(true, Ordering::SeqCst);
    let (mut sign_ins, mut texts) = (0, 0);
    for worker in workers {
        let (all, by_text) = worker.await.expect("every sign-in succeeds");
        (sign_ins, texts) = (sign_ins + all, texts + by_text);
    }

    println!("{sign_ins} sign-ins, {texts} of them by text, while the file flipped {FLIPS} times");
    assert!(texts > 0 && texts < sign_ins, "{texts} of {sign_ins}");
    let log = server.log();
    assert!(!log.contains("ERROR") && !log.contains("status=503"), "{log}");
}
