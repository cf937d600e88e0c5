//! The actor that carries: it hears of committed messages and keeps one lane per gateway running.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Arbiter, Context, Handler, Supervised, Supervisor};
use actix::{ArbiterHandle, Message as ActorMessage};
use futures_util::future::join_all;
use log::{error, warn};

use super::gateway::Gateway;
use super::lane::Lane;
use super::lanes::Lanes;
use super::message::Carrier;
use super::queued::Queued;
use super::store::Store;

/// How long, in real time, a lane that broke rests before it is started again.
const REST_AFTER_PANIC: Duration = Duration::from_secs(1);

/// The running courier of this process. Cheap to clone; its thread ends with the last clone.
#[derive(Clone)]
pub struct Dispatcher {
    lanes: Arc<Lanes>,
    thread: Arc<Thread>,
}

/// The arbiter's thread, which would outlive its handles.
struct Thread(ArbiterHandle);

impl Drop for Thread {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Dispatcher {
    pub(super) fn start(store: &Store, gateways: HashMap<Carrier, Arc<dyn Gateway>>) -> (Self, Bell) {
        let lanes = Arc::new(Lanes::new(store));
        let arbiter = Arbiter::new().handle();
        let actor = DispatchActor { lanes: Arc::clone(&lanes) };
        let address = Supervisor::start_in_arbiter(&arbiter, |_| actor);
        let dispatcher = Self { lanes, thread: Arc::new(Thread(arbiter)) };
        dispatcher.adopt(gateways);
        (dispatcher, Bell(address))
    }

    /// Carries by `gateways` from now on. Hand-overs in flight end with the gateway they were begun with, and what waits goes
    /// by the new one. A carrier that is not among them keeps its old gateway until nothing of it is queued any more.
    pub fn adopt(&self, gateways: HashMap<Carrier, Arc<dyn Gateway>>) {
        for lane in self.lanes.adopt(gateways) {
            self.thread.0.spawn(keep_running(lane));
        }
    }

    /// Takes nothing new and waits for the hand-overs in flight, for at most `patience`.
    pub async fn stop(&self, patience: Duration) {
        let lanes = self.lanes.stop();
        let done = join_all(lanes.iter().map(|lane| lane.stop()));
        if tokio::time::timeout(patience, done).await.is_err() {
            warn!("stopped with hand-overs in flight: they will be repeated when their leases have passed");
        }
        self.thread.0.stop();
    }

    /// Every gateway (`mail`, or the provider's name) and whether its last hand-over worked.
    #[must_use]
    pub fn health(&self) -> Vec<(String, bool)> {
        self.lanes.health()
    }

    /// Every gateway and whether its breaker is open: it is left alone but for a few tries.
    #[must_use]
    pub fn breakers(&self) -> Vec<(String, bool)> {
        self.lanes.breakers()
    }
}

/// How the dispatching actor is told of a committed message.
pub(super) struct Bell(Addr<DispatchActor>);

impl Bell {
    /// Never waits; a message that is not heard is found by the lane's next look at the table.
    pub(super) fn ring(&self, queued: Queued) {
        self.0.do_send(Committed(queued));
    }
}

struct Committed(Queued);

impl ActorMessage for Committed {
    type Result = ();
}

pub(super) struct DispatchActor {
    lanes: Arc<Lanes>,
}

impl Actor for DispatchActor {
    type Context = Context<Self>;
}

impl Supervised for DispatchActor {}

impl Handler<Committed> for DispatchActor {
    type Result = ();

    fn handle(&mut self, Committed(queued): Committed, _: &mut Self::Context) {
        if let Some(lane) = self.lanes.find(&queued.message.carrier) {
            lane.take(queued);
        }
    }
}

/// The lane runs in a task of its own: a panic there ends neither the actor nor the lane for good.
async fn keep_running(lane: Arc<Lane>) {
    while actix::spawn(Arc::clone(&lane).run()).await.is_err() {
        error!(carrier:% = lane.carrier(); "the courier broke and is started again");
        tokio::time::sleep(REST_AFTER_PANIC).await;
    }
}
