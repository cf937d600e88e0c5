//! One gateway and what waits for it: claims due rows, hands them over, writes down how it ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use log::{debug, info, warn};
use sea_orm::DbErr;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::backoff;
use super::gateway::{Delivery, DeliveryError, Gateway};
use super::message::{Carrier, Priority};
use super::queue::Queued;
use super::store::{Lease, Outcome, Parcel, Store};
use crate::clock::Timestamp;

/// Hand-overs at once per gateway.
const SLOTS: u32 = 32;
/// How many of them notices may take, so that a code always finds one.
const NOTICE_SLOTS: usize = 24;
/// How often, by the clock, the table is looked at even if nobody called: other processes' rows are found so.
const POLL: Duration = Duration::from_secs(1);
/// How much longer a lease is than a hand-over.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// After how much more than its deadline a gateway is cut off.
const GRACE: Duration = Duration::from_secs(1);
/// How long, in real time, the lane rests when the database is away.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);
/// How often an outcome is written down before the row is left to the end of its lease.
const SETTLE_ATTEMPTS: u32 = 5;

pub(super) struct Lane {
    carrier: Carrier,
    gateway: Arc<dyn Gateway>,
    store: Store,
    slots: Arc<Semaphore>,
    notice_slots: Arc<Semaphore>,
    bell: Notify,
    /// Due rows were left for want of a slot.
    hungry: AtomicBool,
    stopping: AtomicBool,
    healthy: AtomicBool,
}

/// The right to start one hand-over.
struct Slot {
    _any: OwnedSemaphorePermit,
    _notice: Option<OwnedSemaphorePermit>,
}

impl Lane {
    pub(super) fn new(carrier: Carrier, gateway: Arc<dyn Gateway>, store: Store) -> Self {
        Self {
            carrier,
            gateway,
            store,
            slots: Arc::new(Semaphore::new(SLOTS as usize)),
            notice_slots: Arc::new(Semaphore::new(NOTICE_SLOTS)),
            bell: Notify::new(),
            hungry: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            healthy: AtomicBool::new(true),
        }
    }

    pub(super) fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// Looks at the table whenever something is due, the bell rings, or a second has passed, until the lane is stopped.
    pub(super) async fn run(self: Arc<Self>) {
        let mut database_away = false;
        while !self.stopping.load(Ordering::SeqCst) {
            match self.look().await {
                Ok(next) => {
                    if std::mem::take(&mut database_away) {
                        info!(carrier:% = self.carrier; "the courier reaches the database again");
                    }
                    tokio::select! {
                        () = self.bell.notified() => {}
                        () = self.store.clock.sleep_until(next) => {}
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut database_away, true) {
                        warn!(carrier:% = self.carrier, error:% = error; "the courier cannot reach the database");
                    }
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
            }
        }
    }

    /// Starts what is due as far as there are slots; tells when to look again.
    async fn look(self: &Arc<Self>) -> Result<Timestamp, DbErr> {
        let now = self.store.clock.now();
        let survey = self.store.survey(&self.carrier, POLL).await?;
        if survey.overdue {
            let count = self.store.expire_overdue().await?;
            warn!(count; "messages expired before they could be handed over");
        }
        let poll_at = now.plus(POLL);
        // Raised before the slots are counted: a hand-over that ends meanwhile rings the bell.
        self.hungry.store(true, Ordering::SeqCst);
        for due in survey.due {
            let Some(slot) = self.slot(due.priority) else { return Ok(poll_at) };
            if let Some(lease) = self.store.claim(due.id, self.lease_span()).await? {
                actix::spawn(Arc::clone(self).carry(lease, None, slot));
            }
        }
        self.hungry.store(false, Ordering::SeqCst);
        if survey.truncated {
            return Ok(now);
        }
        Ok(survey.next.map_or(poll_at, |next| next.min(poll_at)))
    }

    /// Carries a message that was committed just now, without a look at the table, if a slot is free; the next look finds it otherwise.
    pub(super) fn take(self: &Arc<Self>, queued: Queued) {
        let Some(slot) = self.slot(queued.message.priority) else {
            self.hungry.store(true, Ordering::SeqCst);
            // The last hand-over may have ended before the flag was up.
            if self.slots.available_permits() > 0 {
                self.bell.notify_one();
            }
            return;
        };
        let lane = Arc::clone(self);
        actix::spawn(async move {
            match lane.store.claim(queued.id, lane.lease_span()).await {
                Ok(Some(lease)) => lane.carry(lease, Some(queued.into()), slot).await,
                Ok(None) => {}
                Err(error) => {
                    debug!(message:% = queued.id, error:% = error; "cannot claim a message, left for later");
                }
            }
        });
    }

    /// Starts nothing more, and waits until what was started has ended.
    pub(super) async fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.bell.notify_one();
        // Fails only on a closed semaphore, which this one never is.
        let _ = self.slots.acquire_many(SLOTS).await;
    }

    fn slot(&self, priority: Priority) -> Option<Slot> {
        let notice = match priority {
            Priority::Code => None,
            Priority::Notice => Some(Arc::clone(&self.notice_slots).try_acquire_owned().ok()?),
        };
        let any = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        // Read after the slot is taken: `stop` either sees the slot taken or is seen here.
        (!self.stopping.load(Ordering::SeqCst)).then_some(Slot { _any: any, _notice: notice })
    }

    fn lease_span(&self) -> Duration {
        self.gateway.deadline() + LEASE_MARGIN
    }

    async fn carry(self: Arc<Self>, lease: Lease, parcel: Option<Parcel>, slot: Slot) {
        let opened = match parcel {
            Some(parcel) => Ok(Some(parcel)),
            None => self.store.open(&lease).await,
        };
        match opened {
            Ok(Some(parcel)) => {
                let outcome = self.hand_over(&lease, parcel).await;
                self.settle(&lease, outcome).await;
            }
            Ok(None) => self.settle(&lease, Outcome::Refused("sealed".to_owned())).await,
            Err(error) => {
                debug!(message:% = lease.id, error:% = error; "cannot open a message, left for later")
            }
        }
        drop(slot);
        if self.hungry.swap(false, Ordering::SeqCst) {
            self.bell.notify_one();
        }
    }

    async fn hand_over(&self, lease: &Lease, parcel: Parcel) -> Outcome {
        let now = self.store.clock.now();
        if now >= parcel.expires_at {
            return Outcome::Expired;
        }
        if now.plus(self.gateway.deadline()) > lease.until {
            return Outcome::PutBack;
        }
        let outcome = self.deliver(parcel.delivery).await;
        self.note_health(!matches!(outcome, Err(DeliveryError::Transient(_))));
        match outcome {
            Ok(()) => Outcome::Sent,
            Err(DeliveryError::Permanent(code)) => Outcome::Refused(code),
            Err(DeliveryError::Transient(code)) => Outcome::Deferred(code, backoff::pause(parcel.attempts)),
        }
    }

    /// Calls the gateway in a task of its own: what it breaks is this hand-over and nothing else.
    async fn deliver(&self, delivery: Delivery) -> Result<(), DeliveryError> {
        let gateway = Arc::clone(&self.gateway);
        let cut_off = gateway.deadline() + GRACE;
        let call = actix::spawn(async move {
            let cut = DeliveryError::Transient("gateway_timeout".to_owned());
            tokio::time::timeout(cut_off, gateway.deliver(&delivery)).await.unwrap_or(Err(cut))
        });
        call.await.unwrap_or_else(|_| Err(DeliveryError::Transient("gateway_panic".to_owned())))
    }

    async fn settle(&self, lease: &Lease, outcome: Outcome) {
        for attempt in 1..=SETTLE_ATTEMPTS {
            match self.store.settle(lease, &outcome).await {
                Ok(held) => return self.log(lease, &outcome, held),
                Err(error) if attempt == SETTLE_ATTEMPTS => {
                    warn!(message:% = lease.id, error:% = error; "cannot write down how a hand-over ended: it will be repeated");
                }
                Err(_) => tokio::time::sleep(DATABASE_PAUSE).await,
            }
        }
    }

    fn log(&self, lease: &Lease, outcome: &Outcome, held: bool) {
        let message = lease.id;
        match outcome {
            _ if !held => {
                warn!(message:%; "a lease had passed before the hand-over was done: it may be repeated")
            }
            Outcome::Sent => debug!(message:%, carrier:% = self.carrier; "handed over"),
            Outcome::Refused(code) => {
                warn!(message:%, carrier:% = self.carrier, code:% = code; "refused for good");
            }
            Outcome::Expired => {
                warn!(message:%, carrier:% = self.carrier; "expired before it could be handed over");
            }
            Outcome::Deferred(code, _) => {
                debug!(message:%, carrier:% = self.carrier, code:% = code; "not taken now");
                // The next look must know of the new due time.
                self.bell.notify_one();
            }
            Outcome::PutBack => self.bell.notify_one(),
        }
    }

    fn note_health(&self, healthy: bool) {
        if self.healthy.swap(healthy, Ordering::Relaxed) != healthy {
            if healthy {
                info!(carrier:% = self.carrier; "the gateway takes messages again");
            } else {
                warn!(carrier:% = self.carrier; "the gateway does not take messages now; they are kept and tried again");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use async_trait::async_trait;
    use sea_orm::DatabaseConnection;
    use uuid::Uuid;

    use super::*;
    use crate::clock::Clock;
    use crate::courier::Content;
    use crate::vault::{MasterKey, Vault};

    struct Counting(Arc<AtomicUsize>);

    #[async_trait]
    impl Gateway for Counting {
        async fn deliver(&self, _: &Delivery) -> Result<(), DeliveryError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }

        fn deadline(&self) -> Duration {
            Duration::from_secs(10)
        }
    }

    /// What becomes, at second 100, of a parcel that expires at one second under a lease that lasts until another.
    async fn hand_over(expires_at: i64, lease_until: i64) -> (Outcome, usize) {
        let calls = Arc::new(AtomicUsize::new(0));
        let clock = Clock::manual(Timestamp::from_millis(100_000));
        let vault = Vault::new(&MasterKey::generate());
        let store = Store { db: DatabaseConnection::default(), vault, clock };
        let lane = Lane::new(Carrier::Mail, Arc::new(Counting(Arc::clone(&calls))), store);
        let content = Content { subject: String::new(), text: String::new(), html: String::new() };
        let queued_at = Timestamp::from_millis(0);
        let delivery = Delivery { id: Uuid::new_v4(), queued_at, to: String::new(), content, code: None };
        let expires_at = Timestamp::from_millis(expires_at * 1_000);
        let until = Timestamp::from_millis(lease_until * 1_000);

        let lease = Lease { id: delivery.id, until };
        let outcome = lane.hand_over(&lease, Parcel { delivery, expires_at, attempts: 1 }).await;
        (outcome, calls.load(Ordering::SeqCst))
    }

    #[actix::test]
    async fn expiry_is_judged_right_before_the_hand_over() {
        assert!(matches!(hand_over(100, 115).await, (Outcome::Expired, 0)));
        assert!(matches!(hand_over(101, 115).await, (Outcome::Sent, 1)));
    }

    #[actix::test]
    async fn nothing_is_handed_over_that_could_outlast_its_lease() {
        assert!(matches!(hand_over(300, 109).await, (Outcome::PutBack, 0)));
        assert!(matches!(hand_over(300, 110).await, (Outcome::Sent, 1)));
    }
}
