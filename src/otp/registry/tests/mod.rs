//! What the registry does when providers work, fail, panic, hang, block and die.

mod act;

use std::sync::Mutex;
use std::sync::mpsc;
use std::time::Duration;

use actix::{Context, Handler};
use tokio::sync::{Notify, Semaphore};

use super::super::account::tests::jane;
use super::super::actor::Place;
use super::super::provider::tests::context;
use super::super::{ProviderActor, ProviderKind};
use super::*;
use act::Act;

fn registry(providers: &[(&str, Act)]) -> ProviderRegistry {
    bounded(Bounds::default(), providers)
}

fn bounded(bounds: Bounds, providers: &[(&str, Act)]) -> ProviderRegistry {
    let empty = RegistryBuilder { bounds, ..RegistryBuilder::default() };
    providers.iter().fold(empty, |builder, (name, act)| builder.register(name, act.clone())).start()
}

async fn offered(registry: &ProviderRegistry) -> Result<Vec<String>, ProviderError> {
    let offers = registry.valid_providers(&jane()).await?;
    Ok(offers.into_iter().map(|offer| offer.provider).collect())
}

/// What ends at once when all is well, or else fails the test.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3), work).await.expect("it ends soon")
}

async fn until(reached: impl Fn() -> bool) {
    soon(async {
        while !reached() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[actix::test]
async fn offers_come_in_the_configured_order_whoever_answers_first() {
    let told = Arc::new(Notify::new());
    let registry =
        registry(&[("Slow", Act::Wait(Arc::clone(&told))), ("No", Act::Decline), ("Quick", Act::Offer)]);

    told.notify_one();
    let offers = registry.valid_providers(&jane()).await.unwrap();

    assert_eq!(offers.len(), 2);
    assert_eq!(offers[0].provider, "Slow");
    assert_eq!(offers[1].provider, "Quick");
    assert_eq!(offers[1].kind, ProviderKind::Custom);
    assert_eq!(offers[1].destination.address, "jane@example.com");
}

#[actix::test]
async fn a_name_registered_again_keeps_its_place() {
    let builder = RegistryBuilder::default()
        .register("Email", Act::Decline)
        .register("Sms", Act::Offer)
        .register("Email", Act::Offer);

    assert_eq!(builder.names().collect::<Vec<_>>(), ["Email", "Sms"]);
    assert_eq!(offered(&builder.start()).await.unwrap(), ["Email", "Sms"]);
}

#[actix::test]
async fn a_provider_that_fails_or_panics_is_left_out_while_others_answer() {
    let registry = registry(&[("Fails", Act::Fail), ("Panics", Act::Panic), ("Works", Act::Offer)]);

    assert_eq!(offered(&registry).await.unwrap(), ["Works"]);
    assert_eq!(offered(&registry).await.unwrap(), ["Works"]);
}

#[actix::test]
async fn without_an_offer_a_failure_is_not_taken_for_a_no() {
    let all_failed = registry(&[("A", Act::Fail)]);
    let one_failed = registry(&[("A", Act::Fail), ("B", Act::Decline)]);
    let declined = registry(&[("B", Act::Decline)]);

    let failure = Err(ProviderError::Failed("A".to_owned(), "no luck".to_owned()));
    assert_eq!(offered(&all_failed).await, failure);
    assert_eq!(offered(&one_failed).await, failure);
    assert_eq!(offered(&declined).await, Ok(vec![]));
    assert_eq!(offered(&RegistryBuilder::default().start()).await, Ok(vec![]));
}

#[actix::test]
async fn a_panic_costs_one_request() {
    let registry = registry(&[("Email", Act::PanicOnce(Arc::default()))]);

    let first = offered(&registry).await;
    let second = offered(&registry).await;

    assert_eq!(first, Err(ProviderError::Failed("Email".to_owned(), "it panicked".to_owned())));
    assert_eq!(second, Ok(vec!["Email".to_owned()]));
}

/// Panics where no task catches it.
#[derive(actix::Message)]
#[rtype(result = "Result<(), ProviderError>")]
struct Crash(#[expect(dead_code, reason = "every message holds a place")] Place);

impl Handler<Crash> for ProviderActor {
    type Result = Result<(), ProviderError>;

    fn handle(&mut self, _: Crash, _: &mut Context<Self>) -> Self::Result {
        panic!("on purpose, in the actor")
    }
}

#[actix::test]
async fn an_actor_that_died_is_replaced_for_the_next_request() {
    let registry = registry(&[("Email", Act::Offer)]);

    for _ in 0..3 {
        assert_eq!(registry.0[0].ask(Crash).await, Err(ProviderError::Busy("Email".to_owned())));
        assert_eq!(offered(&registry).await, Ok(vec!["Email".to_owned()]));
        assert_eq!(registry.health(), [("Email".to_owned(), true)]);
    }
}

#[actix::test]
async fn an_actor_that_died_unseen_costs_no_request() {
    let registry = registry(&[("Email", Act::Offer)]);
    let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let address = registry.0[0].address();

    address.do_send(Crash(place));
    until(|| !address.connected()).await;

    assert_eq!(offered(&registry).await, Ok(vec!["Email".to_owned()]));
}

#[actix::test]
async fn beyond_the_bound_requests_are_refused_until_one_has_ended() {
    let told = Arc::new(Notify::new());
    let bounds = Bounds { in_flight: 2, ..Bounds::default() };
    let registry = bounded(bounds, &[("Email", Act::Wait(Arc::clone(&told)))]);
    let waiting = [0, 1].map(|_| {
        let registry = registry.clone();
        actix::spawn(async move { offered(&registry).await })
    });
    until(|| registry.0[0].room_left() == 0).await;

    let third = offered(&registry).await;

    assert_eq!(third, Err(ProviderError::Busy("Email".to_owned())));
    assert_eq!(registry.health(), [("Email".to_owned(), false)]);
    for one in waiting {
        told.notify_one();
        assert_eq!(one.await.unwrap(), Ok(vec!["Email".to_owned()]));
    }
    told.notify_one();
    assert!(offered(&registry).await.is_ok());
}

#[actix::test]
async fn a_caller_that_hangs_up_frees_its_place_only_when_the_work_has_ended() {
    let told = Arc::new(Notify::new());
    let bounds = Bounds { in_flight: 1, ..Bounds::default() };
    let registry = bounded(bounds, &[("Email", Act::Wait(Arc::clone(&told)))]);

    // The second one is for the message to reach the actor before the caller is gone.
    let hung_up = tokio::time::timeout(Duration::from_millis(100), offered(&registry)).await;

    assert!(hung_up.is_err());
    assert_eq!(registry.0[0].room_left(), 0);
    told.notify_one();
    until(|| registry.0[0].room_left() > 0).await;
}

#[actix::test]
async fn work_that_hangs_is_given_up_and_frees_its_place() {
    let bounds = Bounds { in_flight: 1, patience: Duration::from_millis(20) };
    let registry = bounded(bounds, &[("Email", Act::Hang)]);

    for _ in 0..3 {
        assert_eq!(offered(&registry).await, Err(ProviderError::Busy("Email".to_owned())));
        until(|| registry.0[0].room_left() > 0).await;
    }
    assert_eq!(registry.health(), [("Email".to_owned(), false)]);
}

#[actix::test]
async fn a_provider_that_blocks_its_thread_holds_up_nobody_else() {
    let (release, blocked) = mpsc::channel();
    let bounds = Bounds { patience: Duration::from_millis(100), ..Bounds::default() };
    let block = Act::Block(Arc::new(Mutex::new(blocked)));
    let registry = bounded(bounds, &[("Blocks", block), ("Works", Act::Offer)]);

    let while_blocked = soon(offered(&registry)).await;
    let composed = registry.compose("Works", &jane(), &Code::draw(6), &context("jane@example.com")).await;

    assert_eq!(while_blocked, Ok(vec!["Works".to_owned()]));
    assert!(composed.is_ok(), "the other actor composes");
    assert_eq!(registry.health(), [("Blocks".to_owned(), false), ("Works".to_owned(), true)]);
    drop(release);
}

#[actix::test]
async fn compose_hands_code_and_context_to_the_named_provider() {
    let registry = registry(&[("Totp", Act::Decline), ("Email", Act::Offer)]);
    let code = Code::new("042042".to_owned());

    let message = registry.compose("Email", &jane(), &code, &context("jane@example.com")).await.ok().unwrap();
    let computed = registry.compose("Totp", &jane(), &code, &context("jane@example.com")).await.err();
    let unknown = registry.compose("Fax", &jane(), &code, &context("jane@example.com")).await.err();

    assert_eq!(message.to, "jane@example.com");
    assert_eq!(message.content.text, "042042");
    assert_eq!(computed, Some(ProviderError::Unsupported("Totp".to_owned())));
    assert_eq!(unknown, Some(ProviderError::Unsupported("Fax".to_owned())));
}

#[actix::test]
async fn a_stopped_registry_refuses() {
    let registry = registry(&[("Email", Act::Offer)]);

    registry.stop();
    until(|| !registry.0[0].is_well()).await;

    assert_eq!(offered(&registry).await, Err(ProviderError::Busy("Email".to_owned())));
}

#[actix::test]
async fn the_registry_works_in_any_runtime_and_its_last_clone_ends_the_arbiter_there() {
    let (tell, dropped) = mpsc::channel();
    let registry = registry(&[("Email", Act::Tell(tell))]);
    let arbiter = registry.0[0].arbiter();

    let elsewhere = registry.clone();
    drop(registry);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let asked = runtime.block_on(async move { tokio::spawn(asked(elsewhere)).await.unwrap() });
        assert_eq!(asked, Ok(vec!["Email".to_owned()]));
    })
    .join()
    .unwrap();

    until(|| !arbiter.alive()).await;
    let end = tokio::task::spawn_blocking(move || dropped.recv_timeout(Duration::from_secs(5)));
    assert_eq!(end.await.unwrap(), Err(mpsc::RecvTimeoutError::Disconnected));
}

async fn asked(registry: ProviderRegistry) -> Result<Vec<String>, ProviderError> {
    offered(&registry).await
}
