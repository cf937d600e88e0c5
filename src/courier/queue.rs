//! The durable queue: a message is stored in the caller's transaction and carried after its commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use uuid::Uuid;

use super::gateway::Gateway;
use super::message::{Carrier, Message};
use crate::clock::{Clock, Timestamp};
use crate::vault::Vault;

/// Proof that a message was stored; give it to [`Courier::wake`] after the commit.
#[derive(Debug)]
pub struct Queued {
    /// Id of the row in `messages`.
    pub id: Uuid,
}

/// The handle through which the rest of the house hands messages to the courier. Cheap to clone.
#[derive(Clone)]
pub struct Courier {}

impl Courier {
    /// A courier that stores messages; they are carried by whoever has called [`Courier::start`], in this process or another.
    #[must_use]
    pub fn new(db: DatabaseConnection, vault: Vault, clock: Clock) -> Self {
        todo!()
    }

    /// Starts carrying: the dispatching actor on an arbiter of its own, and a first look at what an earlier process left.
    #[must_use]
    pub fn start(&self, gateways: HashMap<Carrier, Arc<dyn Gateway>>) -> Dispatcher {
        todo!()
    }

    /// Stores `message` through `tx`, sealed, to be carried once that is committed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enqueue(
        &self,
        tx: &impl ConnectionTrait,
        message: &Message,
        now: Timestamp,
    ) -> Result<Queued, DbErr> {
        todo!()
    }

    /// Stores a row that costs what [`Courier::enqueue`] costs and is carried to nobody, so that the time of an answer does not tell whether an address is known.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enqueue_decoy(
        &self,
        tx: &impl ConnectionTrait,
        message: &Message,
        now: Timestamp,
    ) -> Result<(), DbErr> {
        todo!()
    }

    /// Tells the courier that the message is committed. Never waits and never fails: an unheard call is made up for by the next look at the table.
    pub fn wake(&self, queued: Queued) {
        todo!()
    }
}

/// The running courier of this process. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {}

impl Dispatcher {
    /// Takes nothing new and waits for the hand-overs in flight, for at most `patience`.
    pub async fn stop(&self, patience: Duration) {
        todo!()
    }

    /// Every gateway (`mail`, or the provider's name) and whether its last hand-over worked.
    #[must_use]
    pub fn health(&self) -> Vec<(String, bool)> {
        todo!()
    }
}
