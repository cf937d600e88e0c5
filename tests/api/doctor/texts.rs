//! The gateways of texts: Twilio is asked for the account, any other vendor only for a connection. Nothing is sent.

use base64::Engine as _;
use tokio_rustls::TlsAcceptor;

use super::text_vendor::{Reply, TextVendor};
use super::*;

const SID: &str = "AC00000000000000000000000000000001";

/// Texts by the Twilio at `url`.
pub(super) fn twilio(installation: Installation, url: &str) -> Installation {
    installation
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "twilio")
        .set("providers.Sms.twilio_account_sid", SID)
        .set("providers.Sms.twilio_auth_token", SECRET)
        .set("providers.Sms.twilio_from", "+15005550006")
        .set("providers.Sms.twilio_base_url", url)
}

fn http(url: &str) -> Installation {
    installation()
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "http")
        .set("providers.Sms.http_url", &format!("{url}/to/{{{{to}}}}?key={SECRET}"))
        .set("providers.Sms.http_headers", &format!(r#"{{"authorization":"Bearer {SECRET}"}}"#))
        .set("providers.Sms.http_body", r#"{"text":"{{text}}"}"#)
}

pub(super) fn account(status: &str, kind: &str) -> String {
    format!(
        r#"{{"sid":"{SID}","status":"{status}","type":"{kind}","auth_token":"{SECRET}","owner_account_sid":null}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn twilio_is_asked_for_the_account_and_for_nothing_else() {
    let vendor = TextVendor::start().await;
    vendor.set_reply(Reply::Plain(200, account("active", "Full")));

    let report = examine(&twilio(installation(), &vendor.url()));

    report.assert("SMS gateway Sms", "ok", "is active").assert("SMS gateway Sms", "ok", "no text was sent");
    let heard = vendor.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].target, format!("GET /2010-04-01/Accounts/{SID}.json"));
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{SID}:{SECRET}"));
    assert_eq!(heard[0].header("authorization"), format!("Basic {credentials}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_twilio_has_against_the_account_is_told() {
    let vendor = TextVendor::start().await;
    let installation = twilio(installation(), &vendor.url());
    for (reply, status, words) in [
        (Reply::Fault(401, 20003), "failed", "wrong credentials (401)"),
        (Reply::Page(401), "failed", "wrong credentials (401)"),
        (Reply::Fault(404, 20404), "failed", "unknown account (404)"),
        (Reply::Fault(403, 20005), "failed", "suspended or closed"),
        (Reply::Fault(401, 20005), "failed", "suspended or closed"),
        (Reply::Fault(403, 20008), "failed", "test credentials"),
        (Reply::Fault(403, 1), "failed", "may not be used (403)"),
        (Reply::Plain(200, account("suspended", "Full")), "failed", "the account is suspended"),
        (Reply::Plain(200, account("closed", "Full")), "failed", "the account is closed"),
        (Reply::Plain(200, account("active", "Trial")), "warning", "trial account"),
        (Reply::Page(200), "failed", "check twilio_base_url"),
        (Reply::Page(503), "failed", "it answered 503"),
        (Reply::Elsewhere(format!("{}/x", vendor.url())), "failed", "it answered 307"),
        (Reply::HangUp, "failed", "broke off"),
    ] {
        vendor.set_reply(reply);

        examine(&installation).assert("SMS gateway Sms", status, words);
    }
    let nobody = format!("http://127.0.0.1:{}", closed_port().await);
    let absent = examine(&installation.clone_with("providers.Sms.twilio_base_url", &nobody));
    absent.assert("SMS gateway Sms", "failed", "connection refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_vendor_is_connected_to_and_asked_nothing() {
    let vendor = TextVendor::start().await;

    let there = examine(&http(&vendor.url()));
    let absent = examine(&http(&format!("http://127.0.0.1:{}", closed_port().await)));
    let nowhere = examine(&http("https://no-such-host.invalid"));

    there.assert("SMS gateway Sms", "ok", "nothing was sent");
    assert_eq!((vendor.connections(), vendor.heard().len()), (1, 0));
    absent.assert("SMS gateway Sms", "failed", "connection refused");
    nowhere.assert("SMS gateway Sms", "failed", "name is not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_whose_certificate_nobody_vouches_for_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let acceptor = TlsAcceptor::from(server_config());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // It fails: that is what is tried.
            let _ = acceptor.accept(stream).await;
        }
    });
    let plain = silent_after(&["HTTP/1.1 400 Bad Request\r\n\r\n"]).await;

    let by_http = examine(&http(&url));
    let by_twilio = examine(&twilio(installation(), &url));
    let not_tls = examine(&http(&format!("https://localhost:{plain}")));

    for report in [&by_http, &by_twilio] {
        report.assert("SMS gateway Sms", "failed", "leads to no public authority");
    }
    not_tls.assert("SMS gateway Sms", "failed", "TLS is not spoken");
}
