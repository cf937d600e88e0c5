//! One gateway and what waits for it: finds due rows, claims as many as can be started, and starts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use log::{debug, info, warn};
use sea_orm::DbErr;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore};

use super::gateway::Gateway;
use super::message::{Carrier, Priority};
use super::porter::Porter;
use super::queued::Queued;
use super::retirement::Retirement;
use super::store::{Lease, Parcel, Store};
use crate::clock::Timestamp;

/// Hand-overs at once per gateway.
const SLOTS: u32 = 32;
/// How many of them notices may take, so that a code always finds one.
const NOTICE_SLOTS: usize = 24;
/// How often, by the clock, the table is looked at even if nobody called: other processes' rows are found so.
const POLL: Duration = Duration::from_secs(1);
/// How long, in real time, the lane rests when the database is away.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Lane {
    porter: Porter,
    slots: Arc<Semaphore>,
    notice_slots: Arc<Semaphore>,
    bell: Notify,
    /// Due rows were left for want of a slot.
    hungry: AtomicBool,
    stopping: AtomicBool,
    retirement: Retirement,
    /// Held as long as the lane runs.
    running: Mutex<()>,
}

/// The right to start one hand-over.
struct Slot {
    _any: OwnedSemaphorePermit,
    _notice: Option<OwnedSemaphorePermit>,
}

impl Lane {
    pub(super) fn new(carrier: Carrier, gateway: Arc<dyn Gateway>, store: Store) -> Self {
        Self {
            porter: Porter::new(carrier, gateway, store),
            slots: Arc::new(Semaphore::new(SLOTS as usize)),
            notice_slots: Arc::new(Semaphore::new(NOTICE_SLOTS)),
            bell: Notify::new(),
            hungry: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            retirement: Retirement::new(),
            running: Mutex::new(()),
        }
    }

    pub(super) fn carrier(&self) -> &Carrier {
        &self.porter.carrier
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.porter.is_healthy()
    }

    /// Whether the gateway's breaker is open.
    pub(super) fn is_left_alone(&self) -> bool {
        self.porter.breaker.rest().is_some()
    }

    /// Whether the carrier is configured.
    pub(super) fn is_serving(&self) -> bool {
        self.retirement.is_serving()
    }

    /// Carries by `gateway` from now on; `false` when the lane has ended.
    pub(super) fn adopt(&self, gateway: &Arc<dyn Gateway>) -> bool {
        self.retirement.serve(|| self.porter.adopt(Arc::clone(gateway)))
    }

    /// Carries what is queued, as before, and then ends; `false` when it has ended already.
    pub(super) fn retire(&self) -> bool {
        self.retirement.retire(self.store().clock.now())
    }

    /// Looks at the table whenever something is due, the bell rings, or a second has passed, until the lane is stopped or
    /// nothing is left for one that was retired.
    pub(super) async fn run(self: Arc<Self>) {
        let carrier = self.carrier();
        let _running = self.running.lock().await;
        let mut database_away = false;
        while !self.stopping.load(Ordering::SeqCst) {
            match self.look().await {
                Ok(next) => {
                    if std::mem::take(&mut database_away) {
                        info!(carrier:%; "the courier reaches the database again");
                    }
                    if self.is_done().await {
                        info!(carrier:%; "the courier has carried all that was left of a provider");
                        return;
                    }
                    tokio::select! {
                        () = self.bell.notified() => {}
                        () = self.store().clock.sleep_until(next) => {}
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut database_away, true) {
                        warn!(carrier:%, error:%; "the courier cannot reach the database");
                    }
                    tokio::time::sleep(DATABASE_PAUSE).await;
                }
            }
        }
    }

    /// Whether the lane was retired and has ended now.
    async fn is_done(&self) -> bool {
        self.retirement.is_over(self.store().clock.now())
            && self.store().holds_nothing_of(self.carrier()).await.unwrap_or(false)
            && self.retirement.end()
    }

    /// Starts what is due as far as there are slots; tells when to look again.
    async fn look(self: &Arc<Self>) -> Result<Timestamp, DbErr> {
        let now = self.store().clock.now();
        let survey = self.store().survey(self.carrier(), POLL).await?;
        if survey.overdue {
            let count = self.store().expire_overdue().await?;
            warn!(count; "messages expired before they could be handed over");
        }
        let poll_at = now.plus(POLL);
        // Raised before the slots are counted: a hand-over that ends meanwhile rings the bell.
        self.hungry.store(true, Ordering::SeqCst);
        let mut has_claimed = false;
        for due in survey.due {
            let Some(slot) = self.slot(due.priority) else { return Ok(poll_at) };
            if !self.porter.breaker.admits() {
                self.hungry.store(false, Ordering::SeqCst);
                return Ok(self.porter.breaker.rest().map_or(poll_at, |rest| poll_at.min(now.plus(rest))));
            }
            if let Some(lease) = self.store().claim(due.id, self.porter.lease_span()).await? {
                has_claimed = true;
                actix::spawn(Arc::clone(self).open(lease, due.abandoned, slot));
            }
        }
        self.hungry.store(false, Ordering::SeqCst);
        Ok(next_look(survey.truncated && has_claimed, survey.next, now, poll_at))
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
        if !self.porter.breaker.admits() {
            // The next look finds it.
            return;
        }
        let lane = Arc::clone(self);
        actix::spawn(async move {
            let id = queued.id;
            match lane.store().claim(id, lane.porter.lease_span()).await {
                Ok(Some(lease)) => lane.carry(lease, queued.into(), slot).await,
                Ok(None) => {}
                Err(error) => debug!(message:% = id, error:%; "cannot claim a message, left for later"),
            }
        });
    }

    /// Starts nothing more, and waits until what was started has ended, and with it the look at the table: its
    /// connection must not be dropped by a thread that ends.
    pub(super) async fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.bell.notify_one();
        drop(self.running.lock().await);
        // Fails only on a closed semaphore, which this one never is.
        let _ = self.slots.acquire_many(SLOTS).await;
    }

    fn store(&self) -> &Store {
        &self.porter.store
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

    /// Carries a message of the table.
    async fn open(self: Arc<Self>, lease: Lease, abandoned: bool, slot: Slot) {
        match self.porter.open(&lease, abandoned).await {
            Some(parcel) => self.carry(lease, parcel, slot).await,
            None => self.release(slot),
        }
    }

    async fn carry(self: Arc<Self>, lease: Lease, parcel: Parcel, slot: Slot) {
        self.porter.carry(&lease, parcel).await;
        self.release(slot);
    }

    fn release(&self, slot: Slot) {
        drop(slot);
        if self.hungry.swap(false, Ordering::SeqCst) {
            self.bell.notify_one();
        }
    }
}

/// At once if there was more than one look can see and this one moved something out of the way; a look that moved nothing
/// would see the same again.
fn next_look(sees_more: bool, next: Option<Timestamp>, now: Timestamp, poll_at: Timestamp) -> Timestamp {
    if sees_more { now } else { next.map_or(poll_at, |next| next.min(poll_at)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_moved_nothing_is_not_repeated_at_once() {
        let at = Timestamp::from_millis;

        assert_eq!(next_look(true, Some(at(400)), at(0), at(1_000)), at(0));
        assert_eq!(next_look(false, Some(at(400)), at(0), at(1_000)), at(400));
        assert_eq!(next_look(false, Some(at(4_000)), at(0), at(1_000)), at(1_000));
        assert_eq!(next_look(false, None, at(0), at(1_000)), at(1_000));
    }
}
