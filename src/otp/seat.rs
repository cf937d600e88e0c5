//! One provider's seat in the registry: its arbiter, its actor, and the count of what is in flight.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actix::{Addr, Arbiter, Handler, Message};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::actor::{Bounds, Place};
use super::{OtpProvider, ProviderActor, ProviderError, ProviderKind};

/// One provider that runs. Its arbiter ends with it.
pub(super) struct Seat {
    name: Arc<str>,
    provider: Arc<dyn OtpProvider>,
    bounds: Bounds,
    arbiter: Arbiter,
    /// Shared, not cloned: every clone of an address may put one more message into a full mailbox.
    address: Mutex<Arc<Addr<ProviderActor>>>,
    room: Arc<Semaphore>,
    in_time: AtomicBool,
}

impl Seat {
    /// Starts an arbiter and the actor in it. Panics outside an actix system.
    pub(super) fn start(name: &str, provider: Arc<dyn OtpProvider>, bounds: Bounds) -> Self {
        let name: Arc<str> = name.into();
        let arbiter = Arbiter::new();
        let address = ProviderActor::start(&arbiter.handle(), &name, &provider, bounds);
        Self {
            name,
            provider,
            bounds,
            arbiter,
            address: Mutex::new(Arc::new(address)),
            room: Arc::new(Semaphore::new(bounds.in_flight)),
            in_time: AtomicBool::new(true),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn kind(&self) -> ProviderKind {
        self.provider.kind()
    }

    /// Sends the message that `message` makes, and waits for the answer within the provider's patience.
    pub(super) async fn ask<M, T>(&self, message: impl FnOnce(Place) -> M) -> Result<T, ProviderError>
    where
        M: Message<Result = Result<T, ProviderError>> + Send + 'static,
        T: Send + 'static,
        ProviderActor: Handler<M>,
    {
        let answer = match Arc::clone(&self.room).try_acquire_owned() {
            Ok(place) => {
                let address = self.address();
                // The actor keeps time too; this limit is for an arbiter that a provider blocks.
                match timeout(self.bounds.patience, address.send(message(place))).await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_closed)) => {
                        self.replace(&address);
                        Err(self.busy())
                    }
                    Err(_elapsed) => Err(self.busy()),
                }
            }
            Err(_no_room) => Err(self.busy()),
        };
        self.in_time.store(!matches!(answer, Err(ProviderError::Busy(_))), Ordering::Relaxed);
        answer
    }

    /// Whether the actor lives and was not late when it was last asked.
    pub(super) fn is_well(&self) -> bool {
        self.address().connected() && self.in_time.load(Ordering::Relaxed)
    }

    /// Ends the arbiter and what runs in it. May be called from any thread.
    pub(super) fn stop(&self) {
        self.arbiter.stop();
    }

    #[cfg(test)]
    pub(super) fn arbiter(&self) -> actix::ArbiterHandle {
        self.arbiter.handle()
    }

    #[cfg(test)]
    pub(super) fn room_left(&self) -> usize {
        self.room.available_permits()
    }

    fn busy(&self) -> ProviderError {
        ProviderError::Busy(self.name.to_string())
    }

    /// The actor's address. No supervisor restarts after a panic: a dead actor is replaced here.
    pub(super) fn address(&self) -> Arc<Addr<ProviderActor>> {
        let mut address = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        if !address.connected() {
            *address = Arc::new(self.new_actor());
        }
        Arc::clone(&address)
    }

    /// Takes another actor for the one at `closed`. An actor that panics drops the request before its mailbox closes:
    /// in between it still looks alive.
    fn replace(&self, closed: &Arc<Addr<ProviderActor>>) {
        let mut address = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&address, closed) {
            *address = Arc::new(self.new_actor());
        }
    }

    fn new_actor(&self) -> Addr<ProviderActor> {
        ProviderActor::start(&self.arbiter.handle(), &self.name, &self.provider, self.bounds)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.stop();
    }
}
