//! Gateways that are out of order: left alone, tried from time to time, and passed over for the second relay.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use twostep::courier::{Delivery, DeliveryError, Failover, Gateway, Priority};

use crate::house::{House, QUIET};

/// Answers what it is told, and counts.
#[derive(Clone)]
struct Told {
    outcome: Arc<Mutex<Result<(), DeliveryError>>>,
    calls: Arc<AtomicUsize>,
}

impl Told {
    fn to(outcome: Result<(), DeliveryError>) -> Self {
        Self { outcome: Arc::new(Mutex::new(outcome)), calls: Arc::default() }
    }

    fn tell(&self, outcome: Result<(), DeliveryError>) {
        *self.outcome.lock().unwrap() = outcome;
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Gateway for Told {
    async fn deliver(&self, _: &Delivery) -> Result<(), DeliveryError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.outcome.lock().unwrap().clone()
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(5)
    }
}

fn down() -> Result<(), DeliveryError> {
    Err(DeliveryError::Down("away".to_owned()))
}

/// A house whose gateway has just failed five times in a row.
async fn broken(gateway: &Told) -> (House, twostep::courier::Dispatcher) {
    let house = House::new().await;
    let dispatcher = house.start(gateway.clone());
    for n in 0..5 {
        let id = house.send(&house.message(&format!("{n}@example.com"))).await;
        house.wait_for_row(id, |row| row.attempts == 1 && row.lease_until.is_none()).await;
    }
    assert_eq!(gateway.calls(), 5);
    (house, dispatcher)
}

#[actix::test]
async fn a_gateway_that_failed_five_times_is_left_alone_and_nothing_is_claimed_for_it() {
    let gateway = Told::to(down());
    let (house, dispatcher) = broken(&gateway).await;

    let waiting = house.send(&house.message("ann@example.com")).await;
    tokio::time::sleep(QUIET).await;

    assert_eq!(gateway.calls(), 5);
    assert_eq!(house.row(waiting).await.attempts, 0);
    assert_eq!(dispatcher.health(), [("mail".to_owned(), false)]);
}

#[actix::test]
async fn three_messages_try_it_within_ten_seconds_and_it_is_left_alone_again() {
    let gateway = Told::to(down());
    let (house, _dispatcher) = broken(&gateway).await;
    for n in 0..20 {
        house.send(&house.message(&format!("late{n}@example.com"))).await;
    }

    house.clock.advance(Duration::from_secs(10));
    tokio::time::sleep(QUIET).await;

    assert!((6..=8).contains(&gateway.calls()), "{}", gateway.calls());
}

#[actix::test]
async fn a_lone_message_waits_no_longer_than_the_breaker_rests() {
    let gateway = Told::to(down());
    let house = House::new().await;
    let _dispatcher = house.start(gateway.clone());
    let id = house.send(&house.message("ann@example.com")).await;
    for attempts in 1..=5 {
        house.wait_for_row(id, |row| row.attempts == attempts && row.lease_until.is_none()).await;
        gateway.tell(if attempts == 5 { Ok(()) } else { down() });
        house.clock.advance(Duration::from_secs(if attempts == 5 { 10 } else { 8 }));
    }

    house.wait_for_status(id, "sent").await;
}

#[actix::test]
async fn all_goes_out_once_it_is_back() {
    let gateway = Told::to(down());
    let (house, dispatcher) = broken(&gateway).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(house.send(&house.message(&format!("late{n}@example.com"))).await);
    }
    gateway.tell(Ok(()));

    house.clock.advance(Duration::from_secs(10));
    tokio::time::sleep(QUIET).await;
    house.clock.advance(Duration::from_secs(1));

    for id in ids {
        house.wait_for_status(id, "sent").await;
    }
    assert_eq!(dispatcher.health(), [("mail".to_owned(), true)]);
}

#[actix::test]
async fn a_new_gateway_starts_with_a_closed_breaker() {
    let gateway = Told::to(down());
    let (house, dispatcher) = broken(&gateway).await;
    let good = Told::to(Ok(()));

    dispatcher.adopt(crate::house::only_mail(Arc::new(good.clone())));
    let id = house.send(&house.message("ann@example.com")).await;

    house.wait_for_status(id, "sent").await;
    assert_eq!(dispatcher.health(), [("mail".to_owned(), true)]);
}

#[actix::test]
async fn refusals_and_greylisting_open_no_breaker() {
    for outcome in [
        Err(DeliveryError::Permanent("no".to_owned())),
        Err(DeliveryError::Transient("later".to_owned())),
        Err(DeliveryError::Misconfigured("key".to_owned())),
    ] {
        let gateway = Told::to(outcome);
        let (house, _dispatcher) = broken(&gateway).await;

        let id = house.send(&house.message("ann@example.com")).await;

        house.wait_for_row(id, |row| row.attempts == 1).await;
    }
}

#[actix::test]
async fn when_it_is_back_codes_go_before_notices() {
    let gateway = Told::to(down());
    let (house, _dispatcher) = broken(&gateway).await;
    let mut notices = Vec::new();
    for n in 0..10 {
        let mut notice = house.message(&format!("notice{n}@example.com"));
        notice.priority = Priority::Notice;
        notices.push(house.send(&notice).await);
    }
    let code = house.send(&house.message("late@example.com")).await;
    house.clock.advance(Duration::from_secs(10));

    house.wait_for_row(code, |row| row.attempts == 1 || row.lease_until.is_some()).await;
    tokio::time::sleep(QUIET).await;
    for notice in notices {
        assert_eq!(house.row(notice).await.attempts, 0);
    }
}

async fn failover(first: &Told, second: &Told) -> (House, Failover) {
    let house = House::new().await;
    let failover = Failover::new(Arc::new(first.clone()), Arc::new(second.clone()), house.clock.clone());
    (house, failover)
}

async fn deliver(house: &House, failover: &Failover) -> Result<(), DeliveryError> {
    let queued = house.message("ann@example.com");
    let delivery = Delivery {
        id: uuid::Uuid::new_v4(),
        queued_at: house.clock.now(),
        expires_at: queued.expires_at,
        to: queued.to,
        content: queued.content,
        code: None,
    };
    failover.deliver(&delivery).await
}

#[actix::test]
async fn a_first_relay_that_is_down_is_passed_over_and_taken_again_when_it_is_back() {
    let (first, second) = (Told::to(down()), Told::to(Ok(())));
    let (house, failover) = failover(&first, &second).await;

    for _ in 0..8 {
        deliver(&house, &failover).await.unwrap();
    }
    assert_eq!((first.calls(), second.calls()), (5, 8));
    first.tell(Ok(()));
    house.clock.advance(Duration::from_secs(10));
    for _ in 0..4 {
        deliver(&house, &failover).await.unwrap();
    }

    assert_eq!((first.calls(), second.calls()), (9, 8));
}

#[actix::test]
async fn the_second_relay_gets_neither_what_was_refused_for_good_nor_what_may_have_gone_out() {
    for outcome in
        [Err(DeliveryError::Permanent("no".to_owned())), Err(DeliveryError::Unknown("timeout".to_owned()))]
    {
        let (first, second) = (Told::to(outcome.clone()), Told::to(Ok(())));
        let (house, failover) = failover(&first, &second).await;

        assert_eq!(deliver(&house, &failover).await, outcome);
        assert_eq!(second.calls(), 0);
    }
}
