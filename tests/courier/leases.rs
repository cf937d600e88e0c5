//! Several processes on one database, and processes that died.

use std::time::Duration;

use sea_orm::{ActiveModelTrait, EntityTrait, Set, TransactionTrait};
use twostep::courier::{Carrier, Inbox, Message};

use crate::gateways::Gate;
use crate::house::{House, PATIENCE, QUIET, only_mail, smtp};
use crate::smtp_sink::SmtpSink;

const TIMEOUT: Duration = Duration::from_secs(10);

/// What another process did to a row, with an instant in the future.
type Change = fn(&mut entity::message::ActiveModel, i64);

async fn set_lease(house: &House, id: uuid::Uuid, until: i64) {
    let row = house.row(id).await;
    let attempts = Set(row.attempts + 1);
    let leased = entity::message::ActiveModel { lease_until: Set(Some(until)), attempts, ..row.into() };
    leased.update(&house.db).await.unwrap();
}

#[actix::test]
async fn two_couriers_hand_every_message_over_once() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    for n in 0..30 {
        house.store(&house.message(&format!("{n}@example.com"))).await;
    }

    let _here = house.start(smtp(&sink.url(), TIMEOUT));
    let neighbour = house.neighbour();
    let _there = neighbour.start(only_mail(std::sync::Arc::new(smtp(&sink.url(), TIMEOUT))));
    for n in 30..40 {
        let queued = house.store(&house.message(&format!("{n}@example.com"))).await;
        house.courier.wake(queued);
        house.clock.advance(Duration::from_secs(1));
    }

    sink.wait_for(40, PATIENCE).await;
    tokio::time::sleep(QUIET).await;
    let mut recipients = sink.recipients();
    recipients.sort();
    recipients.dedup();
    assert_eq!((sink.mails().len(), recipients.len()), (40, 40));
}

#[actix::test]
async fn what_another_process_queued_is_found_without_a_call() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let _dispatcher = house.courier.start(only_mail(inbox.gateway(&Carrier::Mail)));
    tokio::time::sleep(QUIET).await;

    let id = house.store(&house.message("ann@example.com")).await.id;
    house.clock.advance(Duration::from_secs(1));

    house.wait_for_status(id, "sent").await;
}

#[actix::test]
async fn the_message_of_a_killed_process_is_sent_once_its_lease_has_passed() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let id = house.store(&house.message("ann@example.com")).await.id;
    let lease_until = house.clock.now().plus(TIMEOUT + Duration::from_secs(5)).millis();
    set_lease(&house, id, lease_until).await;

    let _dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    house.clock.advance(Duration::from_millis(14_999));
    tokio::time::sleep(QUIET).await;
    assert_eq!(sink.recipients().len(), 0);
    house.clock.advance(Duration::from_millis(1));

    sink.wait_for(1, PATIENCE).await;
    assert_eq!(house.wait_for_status(id, "sent").await.attempts, 2);
}

#[actix::test]
async fn a_late_call_starts_nothing() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let _dispatcher = house.courier.start(only_mail(inbox.gateway(&Carrier::Mail)));
    let later = house.clock.now().plus(Duration::from_secs(9)).millis();
    let changes: [Change; 3] = [
        |row, _| row.status = Set("sent".to_owned()),
        |row, later| row.lease_until = Set(Some(later)),
        |row, later| row.next_attempt_at = Set(later),
    ];

    for change in changes {
        // In one transaction, so that the lane's first look cannot come in between.
        let tx = house.db.begin().await.unwrap();
        let now = house.clock.now();
        let queued = house.courier.enqueue(&tx, &house.message("ann@example.com"), now).await.unwrap();
        let row = entity::message::Entity::find_by_id(queued.id).one(&tx).await.unwrap();
        let mut row = row.expect("a row").into();
        change(&mut row, later);
        row.update(&tx).await.unwrap();
        tx.commit().await.unwrap();
        house.courier.wake(queued);
    }

    tokio::time::sleep(QUIET).await;
    assert_eq!(inbox.messages().len(), 0);
}

#[actix::test]
async fn a_lease_is_a_little_longer_than_a_hand_over() {
    let (house, gate) = (House::new().await, Gate::closed());
    let _dispatcher = house.start(gate.clone());

    let id = house.send(&house.message("ann@example.com")).await;
    gate.wait_for(1).await;

    let lease = house.row(id).await.lease_until.expect("a lease");
    assert_eq!(lease, house.clock.now().plus(Duration::from_secs(35)).millis());
}

#[actix::test]
async fn who_has_lost_the_lease_writes_nothing_down() {
    let (house, gate) = (House::new().await, Gate::closed());
    let _dispatcher = house.start(gate.clone());
    let id = house.send(&house.message("ann@example.com")).await;
    gate.wait_for(1).await;
    let of_another = house.clock.now().plus(Duration::from_secs(90)).millis();
    set_lease(&house, id, of_another).await;

    gate.let_through(1);

    tokio::time::sleep(QUIET).await;
    let row = house.row(id).await;
    assert_eq!((row.status.as_str(), row.lease_until), ("queued", Some(of_another)));
    assert!(row.body.is_some());
}

#[actix::test]
async fn what_is_being_handed_over_when_it_expires_is_not_ended_by_another() {
    let (house, gate) = (House::new().await, Gate::closed());
    let _dispatcher = house.start(gate.clone());
    let expires_at = house.clock.now().plus(Duration::from_secs(10));
    let id = house.send(&Message { expires_at, ..house.message("ann@example.com") }).await;
    gate.wait_for(1).await;
    house.clock.advance(Duration::from_secs(10));

    house.neighbour().prune().await.unwrap();
    gate.let_through(1);

    house.wait_for_status(id, "sent").await;
}
