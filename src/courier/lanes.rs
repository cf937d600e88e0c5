//! The lanes of a dispatcher, one per carrier, and how they change while they run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::gateway::Gateway;
use super::lane::Lane;
use super::message::Carrier;
use super::store::Store;

/// Every lane of a dispatcher that has not ended. One that ends is forgotten at the next change.
pub(super) struct Lanes {
    store: Store,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    lanes: Vec<Arc<Lane>>,
    stopped: bool,
}

impl Lanes {
    /// No lanes over `store`.
    pub(super) fn new(store: &Store) -> Self {
        Self { store: store.clone(), open: Mutex::default() }
    }

    /// Gives every carrier its gateway. Returns the lanes that are new and have to be run: none once [`Lanes::stop`] was called.
    pub(super) fn adopt(&self, mut gateways: HashMap<Carrier, Arc<dyn Gateway>>) -> Vec<Arc<Lane>> {
        let mut open = self.lock();
        if open.stopped {
            return Vec::new();
        }
        open.lanes.retain(|lane| match gateways.remove(lane.carrier()) {
            // A lane that has just ended takes no gateway any more: it gets a successor.
            Some(gateway) => {
                lane.adopt(&gateway) || {
                    gateways.insert(lane.carrier().clone(), gateway);
                    false
                }
            }
            None => lane.retire(),
        });
        let new: Vec<_> = gateways
            .into_iter()
            .map(|(carrier, gateway)| Arc::new(Lane::new(carrier, gateway, self.store.clone())))
            .collect();
        open.lanes.extend(new.iter().cloned());
        new
    }

    /// Every lane, to be stopped; there will be no new ones.
    pub(super) fn stop(&self) -> Vec<Arc<Lane>> {
        let mut open = self.lock();
        open.stopped = true;
        open.lanes.clone()
    }

    /// The lane of `carrier`.
    pub(super) fn find(&self, carrier: &Carrier) -> Option<Arc<Lane>> {
        self.lock().lanes.iter().find(|lane| lane.carrier() == carrier).cloned()
    }

    /// Every carrier that has a gateway, and whether that works.
    pub(super) fn health(&self) -> Vec<(String, bool)> {
        let open = self.lock();
        let serving = open.lanes.iter().filter(|lane| lane.is_serving());
        let mut health: Vec<_> =
            serving.map(|lane| (lane.carrier().to_string(), lane.is_healthy())).collect();
        health.sort();
        health
    }

    /// Every carrier that has a gateway, and whether its breaker is open.
    pub(super) fn breakers(&self) -> Vec<(String, bool)> {
        let open = self.lock();
        let serving = open.lanes.iter().filter(|lane| lane.is_serving());
        serving.map(|lane| (lane.carrier().to_string(), lane.is_left_alone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
