//! `twostep doctor` through the real program, against what really works and what really does not.

mod clock;
mod database;
mod relay;
mod texts;
mod tls;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::*;

/// A word that is a password everywhere, and must be seen nowhere.
const SECRET: &str = "Hunter-2-Sesame";

/// What the doctor said.
struct Report {
    outcome: Outcome,
    findings: Vec<Value>,
}

impl Report {
    fn checks(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| finding["check"].as_str().unwrap()).collect()
    }

    #[track_caller]
    fn find(&self, check: &str) -> &Value {
        let found = self.findings.iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("no line for {check}: {:?}", self.outcome))
    }

    /// Asserts how a part does, and that its line holds `words`.
    #[track_caller]
    fn assert(&self, check: &str, status: &str, words: &str) -> &Self {
        let finding = self.find(check);
        assert_eq!(finding["status"], status, "{finding}");
        assert!(finding["detail"].as_str().unwrap().contains(words), "{words} in {finding}");
        self
    }

    fn detail(&self, check: &str) -> &str {
        self.find(check)["detail"].as_str().unwrap()
    }
}

/// Runs the doctor, and looks at what holds for every report.
#[track_caller]
fn examine(installation: &Installation) -> Report {
    let outcome = installation.run(&["doctor", "--json"]);
    let findings: Vec<Value> =
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{outcome:?}"));
    let has_failed = findings.iter().any(|finding| finding["status"] == "failed");
    outcome.assert_code(i32::from(has_failed));
    assert!(outcome.stderr.is_empty(), "{}", outcome.stderr);
    assert!(!outcome.stdout.contains(SECRET), "{}", outcome.stdout);
    Report { outcome, findings }
}

/// A migrated database, mails in the inbox, cheap hashing.
fn installation() -> Installation {
    let installation = unmigrated();
    installation.run(&["migrate"]).assert_code(0);
    installation
}

fn unmigrated() -> Installation {
    Installation::bare()
        .set("server.bind", "127.0.0.1:0")
        .set("database.url", "sqlite://twostep.db")
        .set("accounts.argon2_memory_kib", "64")
        .set("accounts.argon2_iterations", "1")
}

/// A port at which nobody listens.
async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Who answers each piece with the next one of `answers` (the first one unasked), and then nothing any more.
async fn silent_after(answers: &'static [&'static str]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut piece = [0; 1024];
                for answer in answers {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    if stream.read(&mut piece).await.unwrap() == 0 {
                        return;
                    }
                }
                std::future::pending::<()>().await;
            });
        }
    });
    port
}

/// A certificate that nobody vouches for, good from one day to another, counted from an hour ago, and its key; both in PEM.
fn self_signed(name: &str, from: i64, to: i64) -> (String, String) {
    let mut wanted = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    let day = |days: i64| {
        let seconds = u64::try_from(seconds_now() + days * 86_400 - 3_600).unwrap();
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    (wanted.not_before, wanted.not_after) = (day(from), day(to));
    let key = rcgen::KeyPair::generate().unwrap();
    (wanted.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// What a server shows that nobody vouches for.
fn server_config() -> Arc<ServerConfig> {
    install_crypto();
    let (certificate, key) = self_signed("localhost", -1, 1);
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// Since 1970.
fn seconds_now() -> i64 {
    twostep::clock::Clock::system().now().seconds()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_has_its_line_in_a_fixed_order_for_people_and_for_programs() {
    let installation =
        installation().set("redis.url", &format!("redis://:{SECRET}@127.0.0.1:{}", closed_port().await));
    installation.write(
        "twostep.toml",
        "[providers.Sms]\nenabled = true\ngateway = \"inbox\"\n[providers.Other]\nkind = \"sms\"\nenabled = true\ngateway = \"inbox\"\n\
         [providers.Off]\nkind = \"sms\"\nenabled = false\n",
    );

    let report = examine(&installation);
    let lines = installation.run(&["doctor"]);

    let expected = [
        "database",
        "Redis",
        "mail relay",
        "SMS gateway Sms",
        "SMS gateway Other",
        "clock",
        "TLS",
        "hashing",
    ];
    assert_eq!(report.checks(), expected);
    for finding in &report.findings {
        assert_eq!(finding.as_object().unwrap().len(), 4, "{finding}");
        assert!(finding["milliseconds"].is_u64(), "{finding}");
    }
    report.assert("mail relay", "ok", "inbox").assert("SMS gateway Other", "ok", "inbox");
    report.assert("Redis", "failed", "connection refused").assert("TLS", "ok", "plain HTTP");
    report.assert("hashing", "ok", "64 KiB, 1 passes");
    let lines: Vec<_> = lines.assert_code(1).stdout.lines().skip(1).collect();
    assert_eq!(lines.len(), expected.len());
    for (line, check) in lines.iter().zip(expected) {
        assert!(line.contains(check) && line.contains(" ms  "), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_ends_with_2_before_anything_is_tried() {
    let installation = unmigrated().set("two_step.code_lifetime", "soon");

    let outcome = installation.run(&["doctor", "--json"]);

    outcome.assert_code(2);
    assert!(outcome.stderr.contains("CODE_LIFETIME"), "{}", outcome.stderr);
    assert!(outcome.stdout.is_empty(), "{}", outcome.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_is_a_failed_line_and_all_are_waited_for_side_by_side() {
    let vendor = text_vendor::TextVendor::start().await;
    vendor.set_reply(text_vendor::Reply::Stall);
    let silent = silent_after(&[]).await;
    let installation = texts::twilio(unmigrated(), &vendor.url())
        .set("database.url", &format!("postgres://u:{SECRET}@127.0.0.1:{silent}/x"))
        .set("redis.url", &format!("redis://u:{SECRET}@127.0.0.1:{silent}"))
        .set("mail.transport", "smtp")
        .set("mail.timeout", "3s")
        .set("mail.smtp_url", &format!("smtp://127.0.0.1:{silent}"));
    installation.write(
        "twostep.toml",
        &format!(
            "[providers.Other]\nkind = \"sms\"\nenabled = true\ngateway = \"http\"\nhttp_url = \"https://127.0.0.1:{silent}/\"\n\
             http_body = '{{\"to\":\"{{{{to}}}}\",\"text\":\"{{{{text}}}}\"}}'\n"
        ),
    );

    let started = Instant::now();
    let report = examine(&installation);

    assert!(started.elapsed() < Duration::from_secs(18), "{:?}", started.elapsed());
    report.assert("database", "failed", "no connection within 5 s").assert(
        "Redis",
        "failed",
        "no answer within 10 s",
    );
    report.assert("mail relay", "failed", "no answer within 1000 ms");
    report.assert("SMS gateway Sms", "failed", "no answer within 10000 ms");
    report.assert("SMS gateway Other", "failed", "no connection within 10000 ms");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn redis_is_tried_as_the_limits_use_it() {
    let redis = std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap();
    let stranger = redis.replace("redis://", &format!("redis://nobody:{SECRET}@"));

    let sound = examine(&installation().set("redis.url", &redis));
    let refused = examine(&installation().set("redis.url", &stranger));

    sound.assert("Redis", "ok", "can be written to").assert("clock", "ok", "the clock of Redis");
    refused.assert("Redis", "failed", "check user, password");
    let client = redis::Client::open(redis).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let left: Vec<String> =
        redis::cmd("KEYS").arg("twostep:doctor:*").query_async(&mut connection).await.unwrap();
    assert_eq!(left, [""; 0]);
}
