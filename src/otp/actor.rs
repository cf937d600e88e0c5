//! The actor around a provider: its work is isolated, counted and timed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, ArbiterHandle, Context, Handler, Message, ResponseFuture};
use actix::{Supervised, Supervisor};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::{Account, Code, CodeContext, Destination, Match, OtpProvider, ProviderError, SharedSecret};
use crate::clock::Timestamp;
use crate::courier;

/// What one provider may hold and how long it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Requests that wait or are worked on; one more is answered with [`ProviderError::Busy`].
    pub(super) in_flight: usize,
    /// How long a request may take, waiting included.
    pub(super) patience: Duration,
}

impl Default for Bounds {
    /// 1024 requests (some 2 MiB at worst), 5 s: a third of the default `request_timeout`.
    fn default() -> Self {
        Self { in_flight: 1024, patience: Duration::from_secs(5) }
    }
}

/// A request's place among those in flight. It travels with the message and is given back when the work has ended,
/// not when the one who asked has gone: a client that hangs up frees nothing early.
pub(super) type Place = OwnedSemaphorePermit;

/// Asks where a code for the account would go, if the provider is valid for it.
#[derive(Message)]
#[rtype(result = "Result<Option<Destination>, ProviderError>")]
pub struct ValidFor(pub(super) Account, pub(super) Place);

/// Asks for the message that carries a code.
#[derive(Message)]
#[rtype(result = "Result<courier::Message, ProviderError>")]
pub struct Compose {
    pub(super) account: Account,
    pub(super) code: Code,
    pub(super) context: CodeContext,
    pub(super) place: Place,
}

/// Asks what a computed code is.
#[derive(Message)]
#[rtype(result = "Result<Match, ProviderError>")]
pub struct Check {
    pub(super) account: Account,
    pub(super) secret: SharedSecret,
    pub(super) code: Code,
    pub(super) now: Timestamp,
    pub(super) place: Place,
}

/// Runs one [`OtpProvider`] in its own arbiter. Its messages are [`ValidFor`], [`Compose`] and [`Check`].
pub struct ProviderActor {
    name: Arc<str>,
    provider: Arc<dyn OtpProvider>,
    patience: Duration,
}

impl ProviderActor {
    /// Starts the actor in `arbiter`, under a supervisor. If the arbiter has ended, the address is dead from the start.
    pub(super) fn start(
        arbiter: &ArbiterHandle,
        name: &Arc<str>,
        provider: &Arc<dyn OtpProvider>,
        bounds: Bounds,
    ) -> Addr<Self> {
        let actor =
            Self { name: Arc::clone(name), provider: Arc::clone(provider), patience: bounds.patience };
        Supervisor::start_in_arbiter(arbiter, move |context: &mut Context<Self>| {
            // Never full while every message holds a place: a full one would make `send` clone the address,
            // and each clone brings a slot of its own.
            context.set_mailbox_capacity(bounds.in_flight.saturating_add(1));
            actor
        })
    }

    /// The answer of `work`, which runs in a task of its own: what panics or hangs there costs this request only.
    fn answer<T: 'static>(
        &self,
        place: Place,
        work: impl Future<Output = Result<T, ProviderError>> + 'static,
    ) -> ResponseFuture<Result<T, ProviderError>> {
        let (name, patience) = (Arc::clone(&self.name), self.patience);
        Box::pin(async move {
            let ended = actix::spawn(timeout(patience, work)).await;
            drop(place);
            match ended {
                Ok(Ok(answer)) => answer.map_err(|error| error.of(&name)),
                Ok(Err(_elapsed)) => Err(ProviderError::Busy(name.to_string())),
                Err(_) => Err(ProviderError::failed("it panicked").of(&name)),
            }
        })
    }
}

impl Actor for ProviderActor {
    type Context = Context<Self>;
}

impl Supervised for ProviderActor {}

impl Handler<ValidFor> for ProviderActor {
    type Result = ResponseFuture<Result<Option<Destination>, ProviderError>>;

    fn handle(&mut self, ValidFor(account, place): ValidFor, _: &mut Context<Self>) -> Self::Result {
        let provider = Arc::clone(&self.provider);
        self.answer(place, async move { provider.valid_for(&account).await })
    }
}

impl Handler<Compose> for ProviderActor {
    type Result = ResponseFuture<Result<courier::Message, ProviderError>>;

    fn handle(&mut self, ask: Compose, _: &mut Context<Self>) -> Self::Result {
        let provider = Arc::clone(&self.provider);
        let Compose { account, code, context, place } = ask;
        self.answer(place, async move { provider.compose(&account, &code, &context).await })
    }
}

impl Handler<Check> for ProviderActor {
    type Result = ResponseFuture<Result<Match, ProviderError>>;

    fn handle(&mut self, ask: Check, _: &mut Context<Self>) -> Self::Result {
        let provider = Arc::clone(&self.provider);
        let Check { account, secret, code, now, place } = ask;
        self.answer(place, async move { provider.check(&account, &secret, &code, now).await })
    }
}
