//! The SMTP gateway against relays of every kind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use twostep::clock::{Clock, Span, Timestamp};
use twostep::courier::{
    Content, Delivery, DeliveryError, Gateway, Inbox, MailSettings, SmtpGateway, Transport, mail_gateway,
};
use uuid::Uuid;

use crate::house::{secret, smtp};
use crate::smtp_sink::{Behaviour, SmtpSink};

const TIMEOUT: Duration = Duration::from_secs(5);
const FROM: &str = "twostep <no-reply@example.com>";

fn delivery(to: &str) -> Delivery {
    let content = Content { subject: "s".to_owned(), text: "t".to_owned(), html: "<p>t</p>".to_owned() };
    let queued_at = Timestamp::from_millis(1_800_000_000_000);
    Delivery { id: Uuid::new_v4(), queued_at, expires_at: queued_at, to: to.to_owned(), content, code: None }
}

fn down(code: &str) -> Result<(), DeliveryError> {
    Err(DeliveryError::Down(code.to_owned()))
}

/// A certificate for localhost: what a server shows, and the PEM that a client trusts.
fn certificate() -> (Arc<ServerConfig>, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    (Arc::new(config), cert.pem())
}

#[actix::test]
async fn mails_that_follow_each_other_share_a_connection() {
    let sink = SmtpSink::start().await;
    let gateway = smtp(&sink.url(), TIMEOUT);

    for n in 0..5 {
        gateway.deliver(&delivery(&format!("{n}@example.com"))).await.unwrap();
    }

    assert_eq!((sink.mails().len(), sink.connections()), (5, 1));
}

#[actix::test]
async fn a_connection_that_the_relay_closed_meanwhile_costs_nothing() {
    let sink = SmtpSink::start().await;
    let gateway = smtp(&sink.url(), TIMEOUT);
    gateway.deliver(&delivery("ann@example.com")).await.unwrap();

    sink.hang_up();
    gateway.deliver(&delivery("bob@example.com")).await.unwrap();

    assert_eq!((sink.mails().len(), sink.connections()), (2, 2));
}

#[actix::test]
async fn no_connection_that_failed_is_used_again() {
    let sink = SmtpSink::start().await;
    let gateway = smtp(&sink.url(), TIMEOUT);

    sink.set_behaviour(Behaviour::Refuse);
    let refused = gateway.deliver(&delivery("ann@example.com")).await;
    sink.set_behaviour(Behaviour::Accept);
    gateway.deliver(&delivery("bob@example.com")).await.unwrap();

    assert_eq!(refused, Err(DeliveryError::Permanent("smtp_550".to_owned())));
    assert_eq!(sink.connections(), 2);
}

#[actix::test]
async fn the_timeout_covers_the_whole_hand_over() {
    let sink = SmtpSink::start().await;
    sink.set_behaviour(Behaviour::Stall);
    let gateway = smtp(&sink.url(), Duration::from_millis(200));

    let started = Instant::now();
    let outcome = gateway.deliver(&delivery("ann@example.com")).await;

    assert_eq!(outcome, down("smtp_timeout"));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[actix::test]
async fn a_relay_that_is_not_there_may_come_back() {
    let sink = SmtpSink::start().await;
    let url = sink.url();
    drop(sink);

    let mut outcome = smtp(&url, TIMEOUT).deliver(&delivery("ann@example.com")).await;
    for _ in 0..100 {
        if outcome.is_err() {
            break;
        }
        outcome = smtp(&url, TIMEOUT).deliver(&delivery("ann@example.com")).await;
    }

    assert_eq!(outcome, down("smtp_connection"));
}

#[actix::test]
async fn the_relays_login_is_used() {
    let sink = SmtpSink::start_with_auth("us@er", "pa:ss/word").await;
    let url = format!("smtp://us%40er:pa%3Ass%2Fword@127.0.0.1:{}", sink.port());

    smtp(&url, TIMEOUT).deliver(&delivery("ann@example.com")).await.unwrap();

    assert_eq!(sink.mails().len(), 1);
}

#[actix::test]
async fn a_wrong_login_is_the_operators_fault_and_not_the_mails() {
    let sink = SmtpSink::start_with_auth("user", "password").await;
    let url = format!("smtp://user:hunter2@127.0.0.1:{}", sink.port());

    let outcome = smtp(&url, TIMEOUT).deliver(&delivery("ann@example.com")).await;

    assert_eq!(outcome, down("smtp_535_auth"));
    assert_eq!(sink.recipients().len(), 0);
}

#[actix::test]
async fn mail_goes_by_starttls_and_by_implicit_tls() {
    let (config, pem) = certificate();
    let starttls = SmtpSink::start_with_starttls(Arc::clone(&config)).await;
    let implicit = SmtpSink::start_with_tls(config).await;

    for (sink, url) in [
        (&starttls, format!("smtp://user:password@localhost:{}?tls=required", starttls.port())),
        (&implicit, format!("smtps://localhost:{}", implicit.port())),
    ] {
        let gateway =
            SmtpGateway::new(&secret(&url), FROM, TIMEOUT).unwrap().trusting(pem.as_bytes()).unwrap();
        gateway.deliver(&delivery("ann@example.com")).await.unwrap();
        assert_eq!(sink.mails().len(), 1, "{url}");
    }
}

#[actix::test]
async fn a_relay_with_a_foreign_certificate_gets_neither_login_nor_mail() {
    let (config, _) = certificate();
    let starttls = SmtpSink::start_with_starttls(Arc::clone(&config)).await;
    let implicit = SmtpSink::start_with_tls(config).await;

    for (sink, url) in [
        (&starttls, format!("smtp://user:password@localhost:{}?tls=required", starttls.port())),
        (&implicit, format!("smtps://localhost:{}", implicit.port())),
    ] {
        let outcome = smtp(&url, TIMEOUT).deliver(&delivery("ann@example.com")).await;
        assert!(matches!(outcome, Err(DeliveryError::Down(_))), "{outcome:?}");
        assert_eq!(sink.recipients().len(), 0, "{url}");
    }
}

#[actix::test]
async fn a_relay_that_does_not_offer_starttls_gets_nothing() {
    let sink = SmtpSink::start().await;
    let url = format!("smtp://user:password@127.0.0.1:{}?tls=required", sink.port());

    let outcome = smtp(&url, TIMEOUT).deliver(&delivery("ann@example.com")).await;

    assert_eq!(outcome, down("smtp_no_starttls"));
    assert_eq!(sink.recipients().len(), 0);
}

#[actix::test]
async fn an_address_beyond_ascii_needs_a_relay_that_takes_it() {
    let (plain, utf8) = (SmtpSink::start().await, SmtpSink::start_with_smtp_utf8().await);

    let refused = smtp(&plain.url(), TIMEOUT).deliver(&delivery("jürgen@example.com")).await;
    smtp(&plain.url(), TIMEOUT).deliver(&delivery("ann@bücher.example")).await.unwrap();
    smtp(&utf8.url(), TIMEOUT).deliver(&delivery("jürgen@example.com")).await.unwrap();

    assert_eq!(refused, Err(DeliveryError::Permanent("smtp_no_utf8".to_owned())));
    assert_eq!(plain.mails()[0].to, ["ann@xn--bcher-kva.example"]);
    assert_eq!(utf8.mails()[0].to, ["jürgen@example.com"]);
}

fn settings(smtp_url: &str, fallback: &str) -> MailSettings {
    MailSettings {
        transport: Transport::Smtp,
        smtp_url: secret(smtp_url),
        fallback_smtp_url: secret(fallback),
        from: FROM.to_owned(),
        timeout: Span(Duration::from_secs(1)),
        templates_dir: String::new(),
    }
}

#[actix::test]
async fn the_second_relay_takes_what_the_first_cannot_take_now() {
    let (first, second) = (SmtpSink::start().await, SmtpSink::start().await);
    let gateway =
        mail_gateway(&settings(&first.url(), &second.url()), &Inbox::new(), &Clock::system()).unwrap();

    gateway.deliver(&delivery("1@example.com")).await.unwrap();
    first.set_behaviour(Behaviour::Greylist(1));
    gateway.deliver(&delivery("2@example.com")).await.unwrap();
    first.set_behaviour(Behaviour::Stall);
    gateway.deliver(&delivery("3@example.com")).await.unwrap();
    first.set_behaviour(Behaviour::Refuse);
    let refused = gateway.deliver(&delivery("4@example.com")).await;

    assert!(refused.is_err());
    assert_eq!(first.mails()[0].to, ["1@example.com"]);
    let taken: Vec<_> = second.mails().into_iter().flat_map(|mail| mail.to).collect();
    assert_eq!(taken, ["2@example.com", "3@example.com"]);
    assert_eq!(gateway.deadline(), Duration::from_secs(1));
}

#[actix::test]
async fn a_first_relay_that_is_slow_costs_its_time_only_until_it_is_passed_over() {
    let (first, second) = (SmtpSink::start().await, SmtpSink::start().await);
    let gateway =
        mail_gateway(&settings(&first.url(), &second.url()), &Inbox::new(), &Clock::system()).unwrap();
    first.set_behaviour(Behaviour::Stall);
    let slow: Vec<_> = (0..5).map(|n| delivery(&format!("{n}@example.com"))).collect();
    let slow = futures_util::future::join_all(slow.iter().map(|mail| gateway.deliver(mail))).await;
    assert!(slow.iter().all(Result::is_ok));

    let started = Instant::now();
    gateway.deliver(&delivery("6@example.com")).await.unwrap();

    assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
    assert_eq!((first.recipients().len(), second.mails().len()), (5, 6));
}

#[actix::test]
async fn the_inbox_is_the_gateway_in_development() {
    let inbox = Inbox::new();
    let mut settings = settings("", "");
    settings.transport = Transport::Inbox;

    mail_gateway(&settings, &inbox, &Clock::system())
        .unwrap()
        .deliver(&delivery("ann@example.com"))
        .await
        .unwrap();

    assert_eq!(inbox.messages()[0].to, "ann@example.com");
}

#[actix::test]
async fn a_faulty_setting_is_named_without_its_password() {
    let good = "smtp://127.0.0.1:25";
    let bad = "smtp://user:hunter2@mail.example.com";
    let mut no_sender = settings(good, "");
    no_sender.from = "nobody".to_owned();

    for (settings, key) in [
        (settings(bad, ""), "mail.smtp_url"),
        (settings("", ""), "mail.smtp_url"),
        (settings(good, bad), "mail.fallback_smtp_url"),
        (no_sender, "mail.from"),
    ] {
        let fault = mail_gateway(&settings, &Inbox::new(), &Clock::system()).err().expect("a fault");
        assert!(fault.starts_with(key) && !fault.contains("hunter2"), "{fault}");
    }
}
