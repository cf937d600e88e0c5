//! Texts by Twilio on this machine: what its answers make of a message.

use std::sync::Arc;
use std::time::{Duration, Instant};

use twostep::clock::Clock;
use twostep::courier::{Carrier, Dispatcher, Gateway, Message, Priority, TwilioGateway, TwilioSettings};

use crate::house::{House, PATIENCE, QUIET, secret};
use crate::text_vendor::{Reply, TextVendor};

const TIMEOUT: Duration = Duration::from_secs(5);
const SID: &str = "AC00000000000000000000000000000042";
pub(crate) const NUMBER: &str = "+46700000001";

pub(crate) fn settings(base_url: &str) -> TwilioSettings {
    TwilioSettings {
        account_sid: SID.to_owned(),
        auth_token: secret("hunter2"),
        from: "+15005550006".to_owned(),
        messaging_service_sid: String::new(),
        base_url: base_url.to_owned(),
    }
}

pub(crate) fn gateway(base_url: &str, timeout: Duration, clock: &Clock) -> TwilioGateway {
    TwilioGateway::new(&settings(base_url), timeout, clock.clone()).unwrap()
}

pub(crate) fn carrier() -> Carrier {
    Carrier::Sms("Sms".to_owned())
}

pub(crate) fn text(house: &House) -> Message {
    Message { carrier: carrier(), ..house.message(NUMBER) }
}

pub(crate) fn start(house: &House, gateway: impl Gateway) -> Dispatcher {
    house.courier.start([(carrier(), Arc::new(gateway) as Arc<dyn Gateway>)].into())
}

async fn started() -> (House, TextVendor, Dispatcher) {
    let (house, twilio) = (House::new().await, TextVendor::start().await);
    let dispatcher = start(&house, gateway(&twilio.url(), TIMEOUT, &house.clock));
    (house, twilio, dispatcher)
}

#[actix::test]
async fn twilio_gets_a_text_with_its_credential_and_how_long_it_is_good() {
    let (house, twilio, dispatcher) = started().await;

    let id = house.send(&text(&house)).await;

    let heard = twilio.wait_for(1, PATIENCE).await;
    assert_eq!(heard[0].target, format!("POST /2010-04-01/Accounts/{SID}/Messages.json"));
    assert!(heard[0].header("authorization").starts_with("Basic "));
    assert_eq!(heard[0].field("To"), NUMBER);
    assert_eq!(heard[0].field("From"), "+15005550006");
    assert_eq!(heard[0].field("Body"), text(&house).content.text);
    assert_eq!(heard[0].field("ValidityPeriod"), "300");
    let row = house.wait_for_status(id, "sent").await;
    assert_eq!((row.body, row.failure, row.attempts), (None, None, 1));
    assert_eq!(dispatcher.health(), [("Sms".to_owned(), true)]);
}

#[actix::test]
async fn a_text_that_twilio_has_is_sent_whatever_else_it_says() {
    for reply in [
        Reply::Accepted,
        Reply::Plain(200, "{}".to_owned()),
        Reply::Plain(201, "no JSON".to_owned()),
        Reply::Plain(201, "x".repeat(200_000)),
        Reply::BreakOff,
    ] {
        let (house, twilio, _dispatcher) = started().await;
        twilio.set_reply(reply);

        let id = house.send(&text(&house)).await;

        house.wait_for_status(id, "sent").await;
        house.clock.advance(Duration::from_mins(1));
        tokio::time::sleep(QUIET).await;
        assert_eq!(twilio.heard().len(), 1);
    }
}

#[actix::test]
async fn no_more_of_an_answer_is_read_than_sixty_four_kilobytes() {
    let (house, twilio, _dispatcher) = started().await;
    twilio.set_reply(Reply::Endless);
    let started = Instant::now();

    let id = house.send(&text(&house)).await;

    house.wait_for_status(id, "sent").await;
    assert!(started.elapsed() < TIMEOUT / 2, "{:?}", started.elapsed());
}

#[actix::test]
async fn what_twilio_refuses_for_good_is_not_tried_again() {
    for (reply, failure, healthy) in [
        (Reply::Fault(400, 21211), "twilio_21211", true),
        (Reply::Fault(400, 21408), "twilio_21408", true),
        (Reply::Page(400), "twilio_400", true),
        (Reply::Fault(401, 20003), "twilio_20003", false),
        (Reply::Fault(400, 21606), "twilio_21606", false),
        (Reply::Page(403), "twilio_403", false),
    ] {
        let (house, twilio, dispatcher) = started().await;
        twilio.set_reply(reply);

        let id = house.send(&text(&house)).await;

        let row = house.wait_for_status(id, "failed").await;
        assert_eq!((row.body, row.failure.as_deref()), (None, Some(failure)));
        assert_eq!(dispatcher.health(), [("Sms".to_owned(), healthy)]);
        house.clock.advance(Duration::from_mins(1));
        tokio::time::sleep(QUIET).await;
        assert_eq!(twilio.heard().len(), 1);
    }
}

#[actix::test]
async fn what_twilio_did_not_take_is_tried_again_until_it_does() {
    for (reply, failure) in [
        (Reply::Fault(429, 20429), "twilio_20429"),
        (Reply::Fault(500, 20500), "twilio_20500"),
        (Reply::Page(500), "twilio_500"),
        (Reply::Page(503), "twilio_503"),
        (Reply::Fault(400, 21611), "twilio_21611"),
    ] {
        let (house, twilio, dispatcher) = started().await;
        twilio.set_reply(reply);

        let id = house.send(&text(&house)).await;
        let row = house.wait_for_row(id, |row| row.attempts == 1 && row.lease_until.is_none()).await;
        assert_eq!((row.status.as_str(), row.failure.as_deref()), ("queued", Some(failure)));
        assert_eq!(dispatcher.health(), [("Sms".to_owned(), false)]);
        twilio.set_reply(Reply::Queued);
        house.clock.advance(Duration::from_secs(1));

        house.wait_for_status(id, "sent").await;
        let bodies: Vec<_> = twilio.heard().iter().map(|heard| heard.field("Body")).collect();
        assert!(bodies.len() == 2 && bodies[0] == bodies[1], "a repeat carries the same code");
    }
}

#[actix::test]
async fn a_twilio_that_is_not_there_gets_the_text_when_it_is_back() {
    let house = House::new().await;
    let _dispatcher = start(&house, gateway("http://127.0.0.1:1", TIMEOUT, &house.clock));

    let id = house.send(&text(&house)).await;

    let row = house.wait_for_row(id, |row| row.attempts == 1 && row.lease_until.is_none()).await;
    assert_eq!((row.status.as_str(), row.failure.as_deref()), ("queued", Some("twilio_connection")));
}

#[actix::test]
async fn a_text_in_doubt_is_sent_once_more_and_not_a_third_time() {
    for (reply, failure) in [
        (Reply::Stall, "unknown_twilio_timeout"),
        (Reply::HangUp, "unknown_twilio_connection"),
        (Reply::Page(504), "unknown_twilio_504"),
    ] {
        let (house, twilio) = (House::new().await, TextVendor::start().await);
        let _dispatcher = start(&house, gateway(&twilio.url(), Duration::from_millis(400), &house.clock));
        twilio.set_reply(reply);

        let id = house.send(&text(&house)).await;
        let row = house.wait_for_row(id, |row| row.attempts == 1 && row.lease_until.is_none()).await;
        assert_eq!((row.status.as_str(), row.failure.as_deref()), ("queued", Some(failure)));
        house.clock.advance(Duration::from_secs(1));

        let row = house.wait_for_status(id, "failed").await;
        assert_eq!((row.body, row.failure.as_deref()), (None, Some(failure)));
        house.clock.advance(Duration::from_mins(1));
        tokio::time::sleep(QUIET).await;
        assert_eq!(twilio.heard().len(), 2);
    }
}

#[actix::test]
async fn a_doubt_outlasts_the_failures_after_it() {
    let (house, twilio, _dispatcher) = started().await;
    twilio.set_reply(Reply::HangUp);
    let id = house.send(&text(&house)).await;
    house.wait_for_row(id, |row| row.attempts == 1 && row.lease_until.is_none()).await;

    twilio.set_reply(Reply::Page(503));
    house.clock.advance(Duration::from_secs(1));
    let row = house.wait_for_row(id, |row| row.attempts == 2 && row.lease_until.is_none()).await;
    assert_eq!((row.status.as_str(), row.failure.as_deref()), ("queued", Some("unknown_twilio_503")));
    twilio.set_reply(Reply::HangUp);
    house.clock.advance(Duration::from_secs(2));

    house.wait_for_status(id, "failed").await;
    assert_eq!(twilio.heard().len(), 3);
}

#[actix::test]
async fn a_text_whose_carrier_died_is_in_doubt_as_well() {
    let (house, twilio) = (House::new().await, TextVendor::start().await);
    let dispatcher = start(&house, gateway(&twilio.url(), TIMEOUT, &house.clock));
    twilio.set_reply(Reply::Stall);
    let id = house.send(&text(&house)).await;
    twilio.wait_for(1, PATIENCE).await;
    dispatcher.stop(Duration::ZERO).await;

    let neighbour = house.neighbour();
    twilio.set_reply(Reply::HangUp);
    let gateway: Arc<dyn Gateway> = Arc::new(gateway(&twilio.url(), TIMEOUT, &house.clock));
    let _dispatcher = neighbour.start([(carrier(), gateway)].into());
    house.clock.advance(Duration::from_secs(11));

    let row = house.wait_for_status(id, "failed").await;
    assert_eq!(row.failure.as_deref(), Some("unknown_twilio_connection"));
    assert_eq!(twilio.heard().len(), 2);
}

#[actix::test]
async fn nothing_is_sent_where_twilio_points_to() {
    let (house, twilio, _dispatcher) = started().await;
    let other = TextVendor::start().await;
    twilio.set_reply(Reply::Elsewhere(other.url()));

    let id = house.send(&text(&house)).await;

    house.wait_for_status(id, "failed").await;
    assert_eq!((twilio.heard().len(), other.heard().len()), (1, 0));
}

#[actix::test]
async fn texts_in_a_row_share_a_connection() {
    let (house, twilio, _dispatcher) = started().await;

    for _ in 0..3 {
        let id = house.send(&text(&house)).await;
        house.wait_for_status(id, "sent").await;
    }

    assert_eq!((twilio.heard().len(), twilio.connections()), (3, 1));
}

#[actix::test]
async fn a_code_by_text_goes_before_notices_and_an_expired_one_not_at_all() {
    let (house, twilio) = (House::new().await, TextVendor::start().await);
    let mut notice = text(&house);
    notice.priority = Priority::Notice;
    let expired = house.store(&notice).await.id;
    house.clock.advance(Duration::from_mins(5));

    let _dispatcher = start(&house, gateway(&twilio.url(), TIMEOUT, &house.clock));

    house.wait_for_status(expired, "expired").await;
    assert_eq!(twilio.heard().len(), 0);
}

#[actix::test]
async fn faulty_settings_are_named_without_their_secret() {
    let good = || settings("");
    let cases: [(&str, TwilioSettings); 9] = [
        ("twilio_account_sid", TwilioSettings { account_sid: "AC1".to_owned(), ..good() }),
        ("twilio_account_sid", TwilioSettings { account_sid: format!("{SID}/.."), ..good() }),
        ("twilio_auth_token", TwilioSettings { auth_token: secret(""), ..good() }),
        ("twilio_auth_token", TwilioSettings { auth_token: secret("hunter2\r\nX: y"), ..good() }),
        ("twilio_from", TwilioSettings { from: String::new(), ..good() }),
        ("twilio_from", TwilioSettings { from: "+1 500".to_owned(), ..good() }),
        ("twilio_from", TwilioSettings { messaging_service_sid: SID.replace("AC", "MG"), ..good() }),
        ("twilio_base_url", TwilioSettings { base_url: "http://api.example.com".to_owned(), ..good() }),
        ("twilio_base_url", TwilioSettings { base_url: "https://u:hunter2@x.example".to_owned(), ..good() }),
    ];

    assert_eq!(good().faults(), Vec::new());
    assert!(!format!("{:?}", good()).contains("hunter2"));
    for (key, settings) in cases {
        let fault = TwilioGateway::new(&settings, TIMEOUT, Clock::system());
        let fault = fault.err().unwrap_or_else(|| panic!("{key}: taken"));
        assert!(fault.starts_with(key) && !fault.contains("hunter2"), "{fault}");
    }
}
