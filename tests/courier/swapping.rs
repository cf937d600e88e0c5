//! Gateways that are swapped while they carry, and what is told of messages.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use twostep::courier::{Carrier, DeliveryState, DeliveryStatus, Gateway, Inbox, Message};
use uuid::Uuid;

use crate::gateways::Gate;
use crate::house::{House, PATIENCE, QUIET, only_mail};
use crate::text_vendor::{Reply, TextVendor};

fn texts() -> Carrier {
    Carrier::Sms("Sms".to_owned())
}

fn mail_and_texts(inbox: &Inbox) -> HashMap<Carrier, Arc<dyn Gateway>> {
    [Carrier::Mail, texts()].map(|carrier| (carrier.clone(), inbox.gateway(&carrier))).into()
}

fn text(house: &House, to: &str) -> Message {
    Message { carrier: texts(), ..house.message(to) }
}

async fn fate(house: &House, id: Uuid) -> Option<DeliveryState> {
    house.courier.fate(&house.db, &[id]).await.unwrap().remove(&id).map(|fate| fate.state)
}

#[actix::test]
async fn a_hand_over_in_flight_ends_with_the_old_gateway_and_the_next_goes_by_the_new_one() {
    let (house, gate, inbox) = (House::new().await, Gate::closed(), Inbox::new());
    let dispatcher = house.start(gate.clone());
    let in_flight = house.send(&house.message("ann@example.com")).await;
    gate.wait_for(1).await;

    dispatcher.adopt(only_mail(inbox.gateway(&Carrier::Mail)));
    let next = house.send(&house.message("bob@example.com")).await;
    house.wait_for_status(next, "sent").await;
    assert_eq!(house.row(in_flight).await.status, "queued");
    gate.let_through(1);

    house.wait_for_status(in_flight, "sent").await;
    assert_eq!(gate.started(), ["ann@example.com"]);
    let caught: Vec<_> = inbox.messages().into_iter().map(|caught| caught.to).collect();
    assert_eq!(caught, ["bob@example.com"]);
}

#[actix::test]
async fn forty_waiting_messages_survive_a_swap_and_none_goes_twice() {
    let (house, gate, inbox) = (House::new().await, Gate::closed(), Inbox::new());
    let dispatcher = house.start(gate.clone());
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(house.send(&house.message(&format!("{n}@example.com"))).await);
    }
    gate.wait_for(32).await;

    dispatcher.adopt(only_mail(inbox.gateway(&Carrier::Mail)));
    gate.let_through(40);

    for id in ids {
        house.wait_for_status(id, "sent").await;
    }
    let mut arrived = gate.started();
    arrived.extend(inbox.messages().into_iter().map(|caught| caught.to));
    arrived.sort();
    arrived.dedup();
    assert_eq!((arrived.len(), gate.started().len() + inbox.messages().len()), (40, 40));
}

#[actix::test]
async fn a_carrier_that_is_gone_carries_what_it_has_and_is_healthy_to_nobody() {
    let (house, gate, inbox) = (House::new().await, Gate::closed(), Inbox::new());
    let mut gateways = mail_and_texts(&inbox);
    gateways.insert(texts(), Arc::new(gate.clone()));
    let dispatcher = house.courier.start(gateways);
    let in_flight = house.send(&text(&house, "+46700000001")).await;
    gate.wait_for(1).await;

    dispatcher.adopt(only_mail(inbox.gateway(&Carrier::Mail)));
    let late = house.send(&text(&house, "+46700000002")).await;
    gate.let_through(2);

    house.wait_for_status(in_flight, "sent").await;
    house.wait_for_status(late, "sent").await;
    assert_eq!(dispatcher.health(), [("mail".to_owned(), true)]);
}

#[actix::test]
async fn a_lane_that_is_gone_stays_for_as_long_as_something_of_it_is_queued() {
    let (house, inbox, twilio) = (House::new().await, Inbox::new(), TextVendor::start().await);
    twilio.set_reply(Reply::Page(503));
    let mut gateways = mail_and_texts(&inbox);
    gateways.insert(texts(), Arc::new(crate::texts::gateway(&twilio.url(), PATIENCE, &house.clock)));
    let dispatcher = house.courier.start(gateways);
    let id = house.send(&text(&house, "+46700000001")).await;
    house.wait_for_row(id, |row| row.attempts == 1 && row.lease_until.is_none()).await;
    dispatcher.adopt(only_mail(inbox.gateway(&Carrier::Mail)));
    house.clock.advance(Duration::from_mins(2));
    house.wait_for_row(id, |row| row.attempts == 2 && row.lease_until.is_none()).await;

    twilio.set_reply(Reply::Queued);
    house.clock.advance(Duration::from_secs(10));

    house.wait_for_status(id, "sent").await;
}

#[actix::test]
async fn a_carrier_that_comes_back_is_served_whether_its_lane_had_ended_or_not() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let dispatcher = house.courier.start(mail_and_texts(&inbox));

    for rest in [Duration::ZERO, Duration::from_mins(2)] {
        dispatcher.adopt(only_mail(inbox.gateway(&Carrier::Mail)));
        tokio::time::sleep(QUIET).await;
        house.clock.advance(rest);
        tokio::time::sleep(QUIET).await;
        // Stored without a word to the courier: only a lane that runs finds it.
        let unheard = house.store(&text(&house, "+46700000001")).await.id;
        dispatcher.adopt(mail_and_texts(&inbox));
        house.clock.advance(Duration::from_secs(2));

        house.wait_for_status(unheard, "sent").await;
    }
    assert_eq!(inbox.messages().len(), 2);
}

#[actix::test]
async fn a_retired_lane_ends_once_nothing_is_queued() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let dispatcher = house.courier.start(mail_and_texts(&inbox));
    dispatcher.adopt(only_mail(inbox.gateway(&Carrier::Mail)));
    tokio::time::sleep(QUIET).await;
    house.clock.advance(Duration::from_mins(1));
    tokio::time::sleep(QUIET).await;

    let unheard = house.store(&text(&house, "+46700000001")).await.id;
    house.clock.advance(Duration::from_secs(2));
    tokio::time::sleep(QUIET).await;

    assert_eq!(house.row(unheard).await.status, "queued");
}

#[actix::test]
async fn nothing_is_adopted_by_a_courier_that_is_being_stopped() {
    let (house, gate, inbox) = (House::new().await, Gate::closed(), Inbox::new());
    let dispatcher = house.start(gate.clone());
    let in_flight = house.send(&house.message("ann@example.com")).await;
    gate.wait_for(1).await;
    let stopping = actix::spawn({
        let dispatcher = dispatcher.clone();
        async move { dispatcher.stop(PATIENCE).await }
    });
    tokio::time::sleep(QUIET).await;

    dispatcher.adopt(mail_and_texts(&inbox));
    let late = house.send(&text(&house, "+46700000001")).await;
    tokio::time::sleep(QUIET).await;
    gate.let_through(1);
    stopping.await.unwrap();

    assert_eq!(house.row(in_flight).await.status, "sent");
    assert_eq!(house.row(late).await.status, "queued");
}

#[actix::test]
async fn a_message_is_queued_and_then_sent_at_instants() {
    let (house, gate) = (House::new().await, Gate::closed());
    let _dispatcher = house.start(gate.clone());
    let queued_at = house.clock.now();
    let id = house.send(&house.message("ann@example.com")).await;
    gate.wait_for(1).await;

    let queued = fate(&house, id).await;
    house.clock.advance(Duration::from_millis(1_500));
    gate.let_through(1);
    house.wait_for_status(id, "sent").await;
    let sent = fate(&house, id).await;

    assert_eq!(queued, Some(DeliveryState { status: DeliveryStatus::Queued, at: queued_at }));
    let sent_at = queued_at.plus(Duration::from_millis(1_500));
    assert_eq!(sent, Some(DeliveryState { status: DeliveryStatus::Sent, at: sent_at }));
}

#[actix::test]
async fn an_overdue_message_has_failed_before_anybody_swept_the_table() {
    let house = House::new().await;
    let message = house.message("ann@example.com");
    let id = house.store(&message).await.id;
    house.clock.advance(Duration::from_mins(5));

    let overdue = fate(&house, id).await;
    house.courier.prune().await.unwrap();

    let expected = Some(DeliveryState { status: DeliveryStatus::Failed, at: message.expires_at });
    assert_eq!(overdue, expected);
    assert_eq!(fate(&house, id).await, expected);
    assert_eq!(fate(&house, Uuid::new_v4()).await, None);
}

#[actix::test]
async fn a_refused_message_has_failed_from_the_start_and_is_carried_to_nobody() {
    let (house, inbox) = (House::new().await, Inbox::new());
    let _dispatcher = house.courier.start(only_mail(inbox.gateway(&Carrier::Mail)));
    let now = house.clock.now();

    let message = house.message("ann@example.com");
    let id = house.courier.enqueue_refused(&house.db, &message, "destination_sends", now).await.unwrap();
    house.clock.advance(Duration::from_secs(2));
    tokio::time::sleep(QUIET).await;

    let row = house.row(id).await;
    assert_eq!((row.body, row.failure.as_deref(), row.attempts), (None, Some("destination_sends"), 0));
    assert_eq!(fate(&house, id).await, Some(DeliveryState { status: DeliveryStatus::Failed, at: now }));
    assert_eq!(inbox.messages().len(), 0);
    house.clock.advance(Duration::from_hours(24));
    assert_eq!(house.courier.prune().await.unwrap(), 1);
}
