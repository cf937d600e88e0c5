//! Texts by any vendor that takes a POST.

use std::collections::BTreeMap;
use std::time::Duration;

use twostep::courier::{HttpGateway, HttpSettings};

use crate::house::{House, PATIENCE, QUIET, secret};
use crate::text_vendor::{Reply, TextVendor};
use crate::texts::{NUMBER, start, text};

const TIMEOUT: Duration = Duration::from_secs(5);
const JSON: &str = r#"{"to":"{{to}}","message":"{{text}}","ref":"{{id}}"}"#;

fn settings(url: &str, headers: &[(&str, &str)], body: &str) -> HttpSettings {
    let headers: BTreeMap<_, _> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), secret(value))).collect();
    HttpSettings { url: secret(url), headers, body: secret(body) }
}

fn gateway(url: &str, headers: &[(&str, &str)], body: &str) -> HttpGateway {
    HttpGateway::new(&settings(url, headers, body), TIMEOUT).unwrap()
}

#[actix::test]
async fn a_vendor_gets_json_in_which_a_text_stays_a_text() {
    let (house, vendor) = (House::new().await, TextVendor::start().await);
    let url = format!("{}/send?key=hunter2", vendor.url());
    let _dispatcher = start(&house, gateway(&url, &[("Authorization", "Bearer hunter2")], JSON));
    let mut message = text(&house);
    message.content.text = "\"},\"to\":\"+1\\\n@host #048151".to_owned();

    let id = house.send(&message).await;

    let heard = vendor.wait_for(1, PATIENCE).await;
    assert_eq!(heard[0].target, "POST /send?key=hunter2");
    assert_eq!(heard[0].header("authorization"), "Bearer hunter2");
    assert_eq!(heard[0].header("content-type"), "application/json");
    let json: serde_json::Value = serde_json::from_str(&heard[0].body).unwrap();
    let expected = serde_json::json!({"to": NUMBER, "message": message.content.text, "ref": id.to_string()});
    assert_eq!(json, expected);
    house.wait_for_status(id, "sent").await;
}

#[actix::test]
async fn a_vendor_gets_a_form_and_an_address_in_which_a_number_stays_a_number() {
    let (house, vendor) = (House::new().await, TextVendor::start().await);
    let url = format!("{}/to/{{{{to}}}}", vendor.url());
    let form = [("content-type", "application/x-www-form-urlencoded"), ("x-to", "{{to}}")];
    let _dispatcher = start(&house, gateway(&url, &form, "from=us&body={{text}}"));
    let mut message = text(&house);
    message.content.text = "a&from=them é".to_owned();

    house.send(&message).await;

    let heard = vendor.wait_for(1, PATIENCE).await;
    assert_eq!(heard[0].target, "POST /to/%2B46700000001");
    assert_eq!(heard[0].header("x-to"), NUMBER);
    assert_eq!((heard[0].field("from"), heard[0].field("body")), ("us".to_owned(), message.content.text));
}

#[actix::test]
async fn a_vendors_status_says_what_becomes_of_a_text() {
    for (status, fate, failure) in [
        (200, "sent", None),
        (204, "sent", None),
        (302, "failed", Some("http_302")),
        (400, "failed", Some("http_400")),
        (401, "failed", Some("http_401")),
        (422, "failed", Some("http_422")),
        (408, "queued", Some("http_408")),
        (429, "queued", Some("http_429")),
        (500, "queued", Some("http_500")),
        (503, "queued", Some("http_503")),
    ] {
        let (house, vendor) = (House::new().await, TextVendor::start().await);
        let _dispatcher = start(&house, gateway(&vendor.url(), &[], JSON));
        vendor.set_reply(Reply::Plain(status, String::new()));

        let id = house.send(&text(&house)).await;

        let row = house.wait_for_row(id, |row| row.attempts == 1 && row.lease_until.is_none()).await;
        assert_eq!((row.status.as_str(), row.failure.as_deref()), (fate, failure), "{status}");
    }
}

#[actix::test]
async fn a_vendor_that_hangs_up_leaves_a_doubt_and_one_that_points_elsewhere_gets_nothing_there() {
    let (house, vendor, other) = (House::new().await, TextVendor::start().await, TextVendor::start().await);
    let _dispatcher = start(&house, gateway(&vendor.url(), &[("x-key", "hunter2")], JSON));
    vendor.set_reply(Reply::HangUp);

    let id = house.send(&text(&house)).await;
    house.wait_for_row(id, |row| row.failure.as_deref() == Some("unknown_http_connection")).await;
    vendor.set_reply(Reply::Elsewhere(other.url()));
    house.clock.advance(Duration::from_secs(1));

    house.wait_for_status(id, "failed").await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(other.heard().len(), 0);
}

#[test]
fn faulty_settings_are_named_without_their_secrets() {
    let good = "https://sms.example.com/send?key=hunter2";
    let key = [("x-key", "hunter2")];
    for (expected, settings) in [
        ("http_url", settings("", &key, JSON)),
        ("http_url", settings("http://sms.example.com/hunter2", &key, JSON)),
        ("http_url", settings("https://me:hunter2@sms.example.com/", &key, JSON)),
        ("http_url", settings("ftp://127.0.0.1/hunter2", &key, JSON)),
        ("http_url", settings("https://{{hunter2", &key, JSON)),
        ("http_headers", settings(good, &[("x key", "hunter2")], JSON)),
        ("http_headers", settings(good, &[("x-key", "hunter2\r\nX: y")], JSON)),
        ("http_headers", settings(good, &[("x-key", "{{text}}")], JSON)),
        ("http_headers", settings(good, &[("x-key", "{{hunter}}")], JSON)),
        ("http_body", settings(good, &key, "")),
        ("http_body", settings(good, &key, r#"{"to":"{{to}}","key":"hunter2"}"#)),
        ("http_body", settings(good, &key, r#"{"text":"{{text}}","key":"hunter2"}"#)),
        ("http_body", settings(good, &key, r#"{"to":{{to}},"text":"{{text}}","key":"hunter2"}"#)),
        ("http_body", settings(good, &key, r#"{"to":"{{to}}","text":"{{text","key":"hunter2"}"#)),
        ("http_body", settings(good, &key, r#"{"to":"{{to}}","text":"{{text}}","key":"{{key}}"}"#)),
    ] {
        let fault = HttpGateway::new(&settings, TIMEOUT).err().unwrap_or_else(|| panic!("{expected}: taken"));
        assert!(fault.starts_with(expected) && !fault.contains("hunter2"), "{fault}");
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(settings.fault().map(|(key, _)| key), Some(expected));
    }
    let own = r#"{"to":{{to|tojson}},"text":{{text|tojson}}}"#;
    assert_eq!(settings(good, &key, own).fault(), None);
}
