//! The mail relay: everything of a hand-over but the mail.

use super::*;

fn by(url: &str) -> Installation {
    installation().set("mail.transport", "smtp").set("mail.timeout", "3s").set("mail.smtp_url", url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_asked_up_to_the_sender_and_gets_no_mail() {
    let (open, guarded) = (SmtpSink::start().await, SmtpSink::start_with_auth("user", SECRET).await);
    let guarded_url = format!("smtp://user:{SECRET}@127.0.0.1:{}", guarded.port());

    let first = examine(&by(&open.url()));
    let second = examine(&by(&guarded_url));

    first.assert("mail relay", "ok", "took the sender no-reply@localhost").assert(
        "mail relay",
        "ok",
        "no mail was sent",
    );
    second.assert("mail relay", "ok", "took the sign-in and the sender");
    for sink in [&open, &guarded] {
        assert_eq!((sink.connections(), sink.recipients().len(), sink.mails().len()), (1, 0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_does_not_want_our_credentials_is_told() {
    let sink = SmtpSink::start_with_auth("user", "another one").await;

    let wrong = examine(&by(&format!("smtp://user:{SECRET}@127.0.0.1:{}", sink.port())));
    let none = examine(&by(&sink.url()));

    wrong.assert("mail relay", "failed", "refused user and password (535)");
    none.assert("mail relay", "failed", "wants a sign-in (530)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_auth_a_relay_without_starttls_and_a_stranger_are_told() {
    let plain = SmtpSink::start().await;
    let (upgraded, implicit) = (
        SmtpSink::start_with_starttls(server_config()).await,
        SmtpSink::start_with_tls(server_config()).await,
    );
    let url = |sink: &SmtpSink, query| format!("smtp://user:{SECRET}@localhost:{}{query}", sink.port());

    let no_auth = examine(&by(&url(&plain, "")));
    let no_tls = examine(&by(&url(&plain, "?tls=required")));
    let unsecured = examine(&by(&url(&plain, "").replace("smtp:", "smtps:")));
    let stranger = examine(&by(&url(&upgraded, "?tls=required")));
    let other_stranger = examine(&by(&url(&implicit, "").replace("smtp:", "smtps:")));

    no_auth.assert("mail relay", "failed", "offers no AUTH");
    no_tls.assert("mail relay", "failed", "offers no STARTTLS");
    unsecured.assert("mail relay", "failed", "TLS is not spoken");
    stranger.assert("mail relay", "failed", "leads to no public authority").assert(
        "mail relay",
        "failed",
        "STARTTLS",
    );
    other_stranger.assert("mail relay", "failed", "leads to no public authority");
    assert!(!stranger.detail("mail relay").contains("firewall"), "{:?}", stranger.outcome);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_stalls_is_given_up_within_the_time_of_a_mail() {
    let late = silent_after(&["220 sink\r\n", "250 sink\r\n"]).await;
    let installation = by(&format!("smtp://127.0.0.1:{late}")).set("mail.timeout", "1s");

    let report = examine(&installation);

    report.assert("mail relay", "failed", "no answer within 1000 ms");
    assert!(
        report.find("mail relay")["milliseconds"].as_u64().unwrap() < 1_900,
        "{}",
        report.find("mail relay")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fallback_has_a_line_of_its_own() {
    let sink = SmtpSink::start().await;
    let nobody = format!("smtp://u:{SECRET}@127.0.0.1:{}", closed_port().await);

    let report = examine(&by(&nobody).set("mail.fallback_smtp_url", &sink.url()));
    let reversed = examine(&by(&sink.url()).set("mail.fallback_smtp_url", &nobody));

    report.assert("mail relay", "failed", "connection refused").assert(
        "mail relay (fallback)",
        "ok",
        "no mail was sent",
    );
    reversed.assert("mail relay", "ok", "no mail").assert(
        "mail relay (fallback)",
        "failed",
        "connection refused",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_the_relay_refuses_is_told() {
    let strict = silent_after(&[
        "220 sink\r\n",
        "250 sink\r\n",
        "553 5.7.1 not yours\r\n",
        "250 ok\r\n",
        "221 bye\r\n",
    ])
    .await;

    let report = examine(&by(&format!("smtp://127.0.0.1:{strict}")));

    report.assert("mail relay", "failed", "refused the sender (553)").assert(
        "mail relay",
        "failed",
        "check mail.from",
    );
}
