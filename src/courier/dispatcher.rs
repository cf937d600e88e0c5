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
use super::message::Carrier;
use super::queued::Queued;
use super::store::Store;

/// How long, in real time, a lane that broke rests before it is started again.
const REST_AFTER_PANIC: Duration = Duration::from_secs(1);

/// The running courier of this process. Cheap to clone; its thread ends with the last clone.
#[derive(Clone)]
pub struct Dispatcher {
    lanes: Arc<[Arc<Lane>]>,
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
        let lanes: Arc<[Arc<Lane>]> = gateways
            .into_iter()
            .map(|(carrier, gateway)| Arc::new(Lane::new(carrier, gateway, store.clone())))
            .collect();
        let arbiter = Arbiter::new().handle();
        let actor = DispatchActor { lanes: Arc::clone(&lanes), running: false };
        let address = Supervisor::start_in_arbiter(&arbiter, |_| actor);
        (Self { lanes, thread: Arc::new(Thread(arbiter)) }, Bell(address))
    }

    /// Takes nothing new and waits for the hand-overs in flight, for at most `patience`.
    pub async fn stop(&self, patience: Duration) {
        let done = join_all(self.lanes.iter().map(|lane| lane.stop()));
        if tokio::time::timeout(patience, done).await.is_err() {
            warn!("stopped with hand-overs in flight: they will be repeated when their leases have passed");
        }
        self.thread.0.stop();
    }

    /// Every gateway (`mail`, or the provider's name) and whether its last hand-over worked.
    #[must_use]
    pub fn health(&self) -> Vec<(String, bool)> {
        let mut health: Vec<_> =
            self.lanes.iter().map(|lane| (lane.carrier().to_string(), lane.is_healthy())).collect();
        health.sort();
        health
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
    lanes: Arc<[Arc<Lane>]>,
    running: bool,
}

impl Actor for DispatchActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        // A supervisor starts the same actor again; its lanes have run on meanwhile.
        if !std::mem::replace(&mut self.running, true) {
            for lane in &*self.lanes {
                actix::spawn(keep_running(Arc::clone(lane)));
            }
        }
    }
}

impl Supervised for DispatchActor {}

impl Handler<Committed> for DispatchActor {
    type Result = ();

    fn handle(&mut self, Committed(queued): Committed, _: &mut Self::Context) {
        if let Some(lane) = self.lanes.iter().find(|lane| *lane.carrier() == queued.message.carrier) {
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
