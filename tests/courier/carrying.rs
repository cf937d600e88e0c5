//! What becomes of a queued message.

use std::time::{Duration, Instant};

use sea_orm::{EntityTrait, TransactionTrait};
use twostep::courier::{Carrier, Inbox};
use twostep::vault::Use;

use crate::gateways::{Hangs, PanicsAfter};
use crate::house::{House, PATIENCE, QUIET, smtp};
use crate::smtp_sink::{Behaviour, SmtpSink};

const TIMEOUT: Duration = Duration::from_secs(5);

#[actix::test]
async fn a_committed_message_arrives_and_its_body_is_wiped() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let dispatcher = house.start(smtp(&sink.url(), TIMEOUT));

    let id = house.send(&house.message("ann@example.com")).await;

    let mails = sink.wait_for(1, PATIENCE).await;
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.as_slice()),
        ("no-reply@example.com", &["ann@example.com".to_owned()][..])
    );
    assert_eq!(mails[0].subject, "Authentication token");
    assert_eq!(mails[0].text.trim_end(), "Hello Jürgen,\n\n048151\n\n. a dot");
    assert_eq!(mails[0].html.trim_end(), "<p>048151</p>");
    assert_eq!(mails[0].header("Message-ID"), format!("<{id}@example.com>"));
    assert_eq!(mails[0].header("From"), "twostep <no-reply@example.com>");
    assert_eq!(mails[0].header("Auto-Submitted"), "auto-generated");
    assert!(mails[0].header("Content-Type").starts_with("multipart/alternative"));
    let row = house.wait_for_status(id, "sent").await;
    assert_eq!((row.body, row.lease_until, row.attempts), (None, None, 1));
    assert_eq!(row.finished_at, Some(house.clock.now().millis()));
    assert_eq!(dispatcher.health(), [("mail".to_owned(), true)]);
}

#[actix::test]
async fn a_code_is_on_its_way_at_once_after_the_commit() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let _dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    let mut waits = Vec::new();

    for n in 1..=10 {
        let queued = house.store(&house.message("ann@example.com")).await;
        let committed = Instant::now();
        house.courier.wake(queued);
        let mail = sink.wait_for(n, PATIENCE).await.pop().unwrap();
        waits.push(mail.mail_from_at - committed);
        assert!(mail.received_at >= mail.mail_from_at);
    }

    // The clock stands still: no look at the table could have found them. A quick relay hears of each within milliseconds;
    // the bound leaves room for a busy machine.
    waits.sort();
    assert!(waits[5] < Duration::from_millis(100), "{waits:?}");
}

#[actix::test]
async fn a_message_of_a_rolled_back_transaction_is_carried_to_nobody() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let _dispatcher = house.courier.start(crate::house::only_mail(inbox.gateway(&Carrier::Mail)));
    let tx = house.db.begin().await.unwrap();
    let queued =
        house.courier.enqueue(&tx, &house.message("ann@example.com"), house.clock.now()).await.unwrap();
    tx.rollback().await.unwrap();

    house.courier.wake(queued);

    tokio::time::sleep(QUIET).await;
    assert_eq!(inbox.messages().len(), 0);
}

#[actix::test]
async fn the_stored_body_tells_neither_code_nor_address() {
    let house = House::new().await;

    let queued = house.store(&house.message("ann@example.com")).await;

    let row = house.row(queued.id).await;
    let body = row.body.expect("a body");
    for secret in ["048151", "ann@example.com", "Authentication", "example"] {
        assert!(!body.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        assert!(!row.recipient.contains(secret));
    }
    assert!(!format!("{queued:?}").contains("048151"));
}

#[actix::test]
async fn one_recipient_has_one_fingerprint_however_it_is_spelled() {
    let house = House::new().await;

    let first = house.store(&house.message("Ann@Example.com")).await;
    let second = house.store(&house.message("ann@example.com")).await;
    let other = house.store(&house.message("bob@example.com")).await;

    assert_eq!(house.row(first.id).await.recipient, house.row(second.id).await.recipient);
    assert_ne!(house.row(first.id).await.recipient, house.row(other.id).await.recipient);
}

#[actix::test]
async fn a_provider_named_mail_is_not_the_relay() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let _dispatcher = house.courier.start(crate::house::only_mail(inbox.gateway(&Carrier::Mail)));
    let mut message = house.message("+46700000000");
    message.carrier = Carrier::Sms("mail".to_owned());

    let id = house.send(&message).await;

    tokio::time::sleep(QUIET).await;
    assert_eq!(house.row(id).await.status, "queued");
    assert_eq!(inbox.messages().len(), 0);
}

#[actix::test]
async fn a_decoy_costs_a_row_of_the_same_size_and_goes_nowhere() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let real = house.store(&house.message("ann@example.com")).await;
    house
        .courier
        .enqueue_decoy(&house.db, &house.message("ann@example.com"), house.clock.now())
        .await
        .unwrap();

    let _dispatcher = house.courier.start(crate::house::only_mail(inbox.gateway(&Carrier::Mail)));

    let size = |row: &entity::message::Model| row.body.as_ref().map(Vec::len);
    house.wait_for_status(real.id, "sent").await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(inbox.messages().len(), 1);
    let rows = entity::message::Entity::find().all(&house.db).await.unwrap();
    let decoy = rows.iter().find(|row| row.status == "void").expect("a decoy");
    let again = house.store(&house.message("ann@example.com")).await;
    assert_eq!(size(decoy), size(&house.row(again.id).await));
    let sealed = decoy.body.as_deref().expect("a body");
    let plain = house.vault.open(Use::Message, decoy.id.as_bytes(), sealed).unwrap();
    assert!(plain.iter().all(|byte| *byte == 0), "a decoy says nothing");
}

#[actix::test]
async fn a_greylisting_relay_gets_the_mail_again_until_it_takes_it() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    sink.set_behaviour(Behaviour::Greylist(2));

    let id = house.send(&house.message("ann@example.com")).await;
    let row = house.wait_for_row(id, |row| row.attempts == 1 && row.lease_until.is_none()).await;
    assert_eq!((row.status.as_str(), row.failure.as_deref()), ("queued", Some("smtp_451")));
    assert_eq!(dispatcher.health(), [("mail".to_owned(), false)]);
    tokio::time::sleep(QUIET).await;
    assert_eq!(sink.recipients().len(), 1, "it is not tried again before its time");
    house.clock.advance(Duration::from_secs(1));
    sink.wait_for_recipients(2, PATIENCE).await;
    house.wait_for_row(id, |row| row.attempts == 2 && row.lease_until.is_none()).await;
    house.clock.advance(Duration::from_secs(2));

    let mails = sink.wait_for(1, PATIENCE).await;
    assert_eq!(mails[0].header("Message-ID"), format!("<{id}@example.com>"));
    let row = house.wait_for_status(id, "sent").await;
    assert_eq!((row.attempts, row.failure), (3, None));
    assert_eq!(dispatcher.health(), [("mail".to_owned(), true)]);
}

#[actix::test]
async fn what_a_relay_refuses_for_good_is_not_tried_again() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let _dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    sink.set_behaviour(Behaviour::Refuse);

    let id = house.send(&house.message("ann@example.com")).await;

    let row = house.wait_for_status(id, "failed").await;
    assert_eq!((row.body, row.failure.as_deref()), (None, Some("smtp_550")));
    house.clock.advance(Duration::from_mins(1));
    tokio::time::sleep(QUIET).await;
    assert_eq!(sink.recipients().len(), 1);
}

#[actix::test]
async fn a_stalled_relay_costs_its_timeout_and_disturbs_no_other_mail() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let _dispatcher = house.start(smtp(&sink.url(), Duration::from_millis(300)));
    // A connection is kept, so that the stall happens on one that was used before.
    house.send(&house.message("first@example.com")).await;
    sink.wait_for(1, PATIENCE).await;
    sink.set_behaviour(Behaviour::Stall);

    let stalled = house.send(&house.message("ann@example.com")).await;
    let row = house.wait_for_row(stalled, |row| row.attempts == 1 && row.lease_until.is_none()).await;
    assert_eq!(row.failure.as_deref(), Some("smtp_timeout"));
    sink.set_behaviour(Behaviour::Accept);
    house.send(&house.message("bob@example.com")).await;

    let mails = sink.wait_for(2, PATIENCE).await;
    assert_eq!(mails[1].to, ["bob@example.com"]);
    assert!(mails[1].raw.contains("bob@example.com"));
    house.clock.advance(Duration::from_secs(1));
    let mails = sink.wait_for(3, PATIENCE).await;
    assert_eq!(mails[2].to, ["ann@example.com"]);
}

#[actix::test]
async fn a_relay_that_hangs_up_in_the_middle_gets_the_mail_again() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let _dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    sink.set_behaviour(Behaviour::Drop);

    let id = house.send(&house.message("ann@example.com")).await;
    house.wait_for_row(id, |row| row.failure.as_deref() == Some("smtp_connection")).await;
    sink.set_behaviour(Behaviour::Accept);
    house.clock.advance(Duration::from_secs(1));

    sink.wait_for(1, PATIENCE).await;
}

#[actix::test]
async fn a_panic_costs_one_hand_over_and_the_repeat_is_the_same_mail() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let inner = smtp(&sink.url(), TIMEOUT);
    let _dispatcher = house.start(PanicsAfter { inner, calls: 0.into() });

    let id = house.send(&house.message("ann@example.com")).await;
    house.wait_for_row(id, |row| row.failure.as_deref() == Some("gateway_panic")).await;
    house.clock.advance(Duration::from_secs(1));

    let mails = sink.wait_for(2, PATIENCE).await;
    assert_eq!(mails[0].raw, mails[1].raw);
    assert!(mails[0].raw.contains(&format!("Message-ID: <{id}@example.com>")));
    house.wait_for_status(id, "sent").await;
}

#[actix::test]
async fn a_gateway_that_never_comes_back_is_cut_off() {
    let house = House::new().await;
    let _dispatcher = house.start(Hangs);

    let id = house.send(&house.message("ann@example.com")).await;

    house.wait_for_row(id, |row| row.failure.as_deref() == Some("gateway_timeout")).await;
}

#[actix::test]
async fn an_expired_message_is_never_handed_over() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let unheard = house.store(&house.message("ann@example.com")).await.id;
    let woken = house.store(&house.message("bob@example.com")).await;
    let woken_id = woken.id;
    house.clock.advance(Duration::from_mins(5));

    let _dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    house.courier.wake(woken);

    for id in [unheard, woken_id] {
        let row = house.wait_for_status(id, "expired").await;
        assert_eq!(row.body, None);
        assert!(row.finished_at.is_some());
    }
    assert_eq!(sink.recipients().len(), 0);
}

#[actix::test]
async fn a_message_is_tried_until_it_expires() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let _dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    sink.set_behaviour(Behaviour::Greylist(u32::MAX));

    let id = house.send(&house.message("ann@example.com")).await;
    for attempts in 1..=4 {
        house.wait_for_row(id, |row| row.attempts == attempts && row.lease_until.is_none()).await;
        house.clock.advance(Duration::from_secs(15));
    }
    house.wait_for_row(id, |row| row.attempts == 5 && row.lease_until.is_none()).await;
    house.clock.advance(Duration::from_mins(4));

    let row = house.wait_for_status(id, "expired").await;
    assert_eq!((row.body, row.failure.as_deref()), (None, Some("smtp_451")));
    assert_eq!(sink.recipients().len(), 5);
}

#[actix::test]
async fn a_body_sealed_under_another_key_fails_and_holds_up_nobody() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let foreign = House::new().await.vault;
    let stranger = twostep::courier::Courier::new(house.db.clone(), foreign, house.clock.clone());
    let strange =
        stranger.enqueue(&house.db, &house.message("ann@example.com"), house.clock.now()).await.unwrap();
    let own = house.store(&house.message("bob@example.com")).await;

    let _dispatcher = house.courier.start(crate::house::only_mail(inbox.gateway(&Carrier::Mail)));

    let row = house.wait_for_status(strange.id, "failed").await;
    assert_eq!((row.body, row.failure.as_deref()), (None, Some("sealed")));
    house.wait_for_status(own.id, "sent").await;
}

#[actix::test]
async fn a_header_cannot_be_slipped_in() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let _dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    let mut subject = house.message("ann@example.com");
    subject.content.subject = "Hello\r\nBcc: eve@example.com".to_owned();
    let recipient = house.message("ann@example.com\r\nRCPT TO:<eve@example.com>");

    let ids = [house.send(&subject).await, house.send(&recipient).await];

    assert_eq!(house.wait_for_status(ids[0], "failed").await.failure.as_deref(), Some("mail_subject"));
    assert_eq!(house.wait_for_status(ids[1], "failed").await.failure.as_deref(), Some("mail_address"));
    assert_eq!(sink.recipients().len(), 0);
}
