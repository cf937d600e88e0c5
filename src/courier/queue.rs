//! The durable queue: a message is stored in the caller's transaction and carried after its commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use entity::message::{ActiveModel, Entity};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, Set};
use uuid::Uuid;

use super::dispatcher::{Bell, Dispatcher};
use super::gateway::Gateway;
use super::message::{Carrier, Message};
use super::queued::Queued;
use super::sealed;
use super::store::{Store, stable};
use crate::clock::{Clock, Timestamp};
use crate::metrics::Metrics;
use crate::vault::{Use, Vault};

/// For how long a finished row is kept, so that its fate can be asked for.
const KEPT: Duration = Duration::from_hours(24);

/// The handle through which the rest of the house hands messages to the courier. Cheap to clone.
#[derive(Clone)]
pub struct Courier {
    store: Store,
    /// Set once the courier carries in this process.
    bell: Arc<ArcSwapOption<Bell>>,
}

impl Courier {
    /// A courier that stores messages; they are carried by whoever has called [`Courier::start`], in this process or another.
    #[must_use]
    pub fn new(db: DatabaseConnection, vault: Vault, clock: Clock) -> Self {
        Self { store: Store { db, vault, clock, metrics: Metrics::default() }, bell: Arc::default() }
    }

    /// Counts hand-overs in `metrics`; to be called before [`Courier::start`].
    #[must_use]
    pub fn counted(mut self, metrics: &Metrics) -> Self {
        self.store.metrics = metrics.clone();
        self
    }

    /// Starts carrying: the dispatching actor on an arbiter of its own, and a first look at what an earlier process left. Must run in an actix system.
    #[must_use]
    pub fn start(&self, gateways: HashMap<Carrier, Arc<dyn Gateway>>) -> Dispatcher {
        let (dispatcher, bell) = Dispatcher::start(&self.store, gateways);
        self.bell.store(Some(Arc::new(bell)));
        dispatcher
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
        let id = Uuid::new_v4();
        let body = sealed::seal(&self.store.vault, id, message).map_err(unwritable)?;
        self.insert(tx, ActiveModel { status: Set("queued".to_owned()), ..self.row(id, body, message, now) })
            .await?;
        Ok(Queued { id, at: now, message: Box::new(message.clone()) })
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
        let id = Uuid::new_v4();
        let body = sealed::seal_nothing(&self.store.vault, id, message).map_err(unwritable)?;
        let row = ActiveModel {
            status: Set("void".to_owned()),
            finished_at: Set(Some(now.millis())),
            ..self.row(id, body, message, now)
        };
        self.insert(tx, row).await
    }

    /// Stores a row that failed from the start, for the stable code `reason`: what it says is not kept and nobody carries it. Its id can be
    /// asked for by [`Courier::fate`] like any other.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enqueue_refused(
        &self,
        tx: &impl ConnectionTrait,
        message: &Message,
        reason: &str,
        now: Timestamp,
    ) -> Result<Uuid, DbErr> {
        let id = Uuid::new_v4();
        let row = ActiveModel {
            status: Set("failed".to_owned()),
            body: Set(None),
            finished_at: Set(Some(now.millis())),
            failure: Set(Some(stable(reason))),
            ..self.row(id, Vec::new(), message, now)
        };
        self.insert(tx, row).await?;
        Ok(id)
    }

    /// Tells the courier that the message is committed. Never waits and never fails: an unheard call is made up for by the next look at the table.
    pub fn wake(&self, queued: Queued) {
        if let Some(bell) = &*self.bell.load() {
            bell.ring(queued);
        }
    }

    /// Ends what has expired, also for carriers that no longer exist, and removes what was finished a day ago or earlier; tells how many rows were removed.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn prune(&self) -> Result<u64, DbErr> {
        self.store.expire_overdue().await?;
        self.store.remove_finished(KEPT).await
    }

    pub(super) fn now(&self) -> Timestamp {
        self.store.clock.now()
    }

    fn row(&self, id: Uuid, body: Vec<u8>, message: &Message, now: Timestamp) -> ActiveModel {
        let destination = message.to.to_lowercase();
        ActiveModel {
            id: Set(id),
            carrier: Set(message.carrier.column()),
            priority: Set(message.priority.column()),
            recipient: Set(self.store.vault.fingerprint(Use::Destination, &[destination.as_bytes()])),
            body: Set(Some(body)),
            attempts: Set(0),
            next_attempt_at: Set(now.millis()),
            lease_until: Set(None),
            created_at: Set(now.millis()),
            expires_at: Set(message.expires_at.millis()),
            finished_at: Set(None),
            failure: Set(None),
            ..Default::default()
        }
    }

    async fn insert(&self, tx: &impl ConnectionTrait, row: ActiveModel) -> Result<(), DbErr> {
        Entity::insert(row).exec_without_returning(tx).await.map(|_| ())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unwritable(error: serde_json::Error) -> DbErr {
    DbErr::Custom(format!("cannot write a message: {error}"))
}
