//! The dispatcher at work: slots, order, outages, stopping and cleaning.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait};
use twostep::courier::{Carrier, Inbox, Priority};

use crate::gateways::Gate;
use crate::house::{House, PATIENCE, QUIET, only_mail, smtp};
use crate::smtp_sink::SmtpSink;

const TIMEOUT: Duration = Duration::from_secs(5);

#[actix::test]
async fn at_most_thirty_two_are_handed_over_at_once_and_no_more_are_claimed() {
    let (house, gate) = (House::new().await, Gate::closed());
    for n in 0..40 {
        house.store(&house.message(&format!("{n}@example.com"))).await;
    }

    let _dispatcher = house.start(gate.clone());
    gate.wait_for(32).await;
    tokio::time::sleep(QUIET).await;

    assert_eq!(gate.started().len(), 32);
    let rows = entity::message::Entity::find().all(&house.db).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.lease_until.is_some()).count(), 32);
    gate.let_through(40);
    assert_eq!(gate.wait_for(40).await.len(), 40);
}

#[actix::test]
async fn a_code_finds_a_slot_though_notices_hang() {
    let (house, gate) = (House::new().await, Gate::closed());
    for n in 0..40 {
        let mut notice = house.message(&format!("{n}@example.com"));
        notice.priority = Priority::Notice;
        house.store(&notice).await;
    }
    let _dispatcher = house.start(gate.clone());
    gate.wait_for(24).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(gate.started().len(), 24);

    house.send(&house.message("ann@example.com")).await;

    assert_eq!(gate.wait_for(25).await.last().unwrap(), "ann@example.com");
}

#[actix::test]
async fn nobody_waits_behind_all_the_messages_of_another() {
    let (house, gate) = (House::new().await, Gate::closed());
    for _ in 0..40 {
        house.store(&house.message("flood@example.com")).await;
    }
    house.store(&house.message("ann@example.com")).await;

    let _dispatcher = house.start(gate.clone());

    assert!(gate.wait_for(32).await.contains(&"ann@example.com".to_owned()));
}

#[actix::test]
async fn a_database_that_is_away_for_a_while_ends_nothing() {
    let (house, sink) = (House::new().await, SmtpSink::start().await);
    let _dispatcher = house.start(smtp(&sink.url(), TIMEOUT));
    let queued = house.store(&house.message("ann@example.com")).await;
    let id = queued.id;
    house.db.execute_unprepared("ALTER TABLE messages RENAME TO away").await.unwrap();
    house.courier.wake(queued);
    house.clock.advance(Duration::from_secs(2));
    tokio::time::sleep(QUIET).await;
    assert_eq!(sink.recipients().len(), 0);

    house.db.execute_unprepared("ALTER TABLE away RENAME TO messages").await.unwrap();

    sink.wait_for(1, PATIENCE).await;
    house.wait_for_status(id, "sent").await;
}

#[actix::test]
async fn stopping_waits_for_what_is_in_flight_and_starts_nothing_more() {
    let (house, gate, inbox) = (House::new().await, Gate::closed(), Inbox::new());
    let texts = Carrier::Sms("Sms".to_owned());
    let mut gateways = only_mail(Arc::new(gate.clone()));
    gateways.insert(texts.clone(), inbox.gateway(&texts));
    let dispatcher = house.courier.start(gateways);
    let in_flight = house.send(&house.message("ann@example.com")).await;
    gate.wait_for(1).await;

    let stopping = actix::spawn({
        let dispatcher = dispatcher.clone();
        async move { dispatcher.stop(PATIENCE).await }
    });
    tokio::time::sleep(QUIET).await;
    assert!(!stopping.is_finished());
    let late = house.send(&house.message("bob@example.com")).await;
    let mut late_text = house.message("+46700000000");
    late_text.carrier = texts;
    let late_text = house.send(&late_text).await;
    tokio::time::sleep(QUIET).await;
    gate.let_through(2);
    stopping.await.unwrap();

    assert_eq!(house.row(in_flight).await.status, "sent");
    assert_eq!(house.row(late).await.status, "queued");
    assert_eq!(house.row(late_text).await.status, "queued");
    assert_eq!(gate.started(), ["ann@example.com"]);
}

#[actix::test]
async fn stopping_waits_for_the_look_at_the_table() {
    let (house, gate) = (House::new().await, Gate::closed());
    // Every connection of the pool is taken, so that the look waits for one.
    let taken = futures_util::future::join_all((0..4).map(|_| house.db.begin())).await;
    let dispatcher = house.start(gate);
    tokio::time::sleep(QUIET).await;

    let stopping = actix::spawn(async move { dispatcher.stop(PATIENCE).await });
    tokio::time::sleep(QUIET).await;

    assert!(!stopping.is_finished());
    drop(taken);
    tokio::time::timeout(PATIENCE, stopping).await.unwrap().unwrap();
}

#[actix::test]
async fn stopping_has_an_end() {
    let (house, gate) = (House::new().await, Gate::closed());
    let dispatcher = house.start(gate.clone());
    house.send(&house.message("ann@example.com")).await;
    gate.wait_for(1).await;

    tokio::time::timeout(PATIENCE, dispatcher.stop(Duration::from_millis(100))).await.unwrap();
}

#[actix::test]
async fn finished_rows_are_removed_after_a_day_and_queued_ones_stay() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let dispatcher = house.courier.start(only_mail(inbox.gateway(&Carrier::Mail)));
    let sent = house.send(&house.message("ann@example.com")).await;
    house.wait_for_status(sent, "sent").await;
    house
        .courier
        .enqueue_decoy(&house.db, &house.message("ann@example.com"), house.clock.now())
        .await
        .unwrap();
    dispatcher.stop(PATIENCE).await;
    let mut removed_provider = house.message("+46700000000");
    removed_provider.carrier = Carrier::Sms("Gone".to_owned());
    let overdue = house.store(&removed_provider).await.id;
    let mut long = house.message("ann@example.com");
    long.expires_at = house.clock.now().plus(Duration::from_hours(72));
    let queued = house.store(&long).await.id;

    house.clock.advance(Duration::from_hours(23));
    assert_eq!(house.courier.prune().await.unwrap(), 0);
    let row = house.row(overdue).await;
    assert_eq!((row.status.as_str(), row.body), ("expired", None));
    house.clock.advance(Duration::from_hours(1));
    assert_eq!(house.courier.prune().await.unwrap(), 2);

    assert_eq!(house.row(queued).await.status, "queued");
}
