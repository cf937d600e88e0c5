//! One hand-over, from the claimed row to what is written down of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use log::{debug, error, info, warn};

use super::backoff;
use super::breaker::Breaker;
use super::gateway::{Delivery, DeliveryError, Gateway};
use super::message::Carrier;
use super::store::{DOUBT, Lease, Outcome, Parcel, Store};

/// How much longer a lease is than a hand-over.
const LEASE_MARGIN: Duration = Duration::from_secs(5);
/// After how much more than its deadline a gateway is cut off; at the message's expiry in any case.
const GRACE: Duration = Duration::from_secs(1);
/// How often an outcome is written down before the row is left to the end of its lease, and the pause between, in real time.
const SETTLE_ATTEMPTS: u32 = 5;
const SETTLE_PAUSE: Duration = Duration::from_secs(1);

/// Hands claimed messages to one gateway.
pub(super) struct Porter {
    pub(super) carrier: Carrier,
    pub(super) store: Store,
    pub(super) breaker: Breaker,
    gateway: ArcSwap<Arc<dyn Gateway>>,
    healthy: AtomicBool,
    /// The gateway refuses how it is configured, and somebody was told.
    accused: AtomicBool,
}

impl Porter {
    pub(super) fn new(carrier: Carrier, gateway: Arc<dyn Gateway>, store: Store) -> Self {
        Self {
            carrier,
            breaker: Breaker::new(store.clock.clone()),
            store,
            gateway: ArcSwap::from_pointee(gateway),
            healthy: AtomicBool::new(true),
            accused: AtomicBool::new(false),
        }
    }

    /// Hands over to `gateway` from the next message on.
    pub(super) fn adopt(&self, gateway: Arc<dyn Gateway>) {
        self.gateway.store(Arc::new(gateway));
        self.healthy.store(true, Ordering::Relaxed);
        self.accused.store(false, Ordering::Relaxed);
        self.breaker.note(&Ok(()));
    }

    /// Whether the last hand-over worked: a refusal for good is the message's fault.
    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Relaxed)
    }

    /// How long a claim must hold.
    pub(super) fn lease_span(&self) -> Duration {
        self.gateway.load().deadline() + LEASE_MARGIN
    }

    /// Reads a claimed message; `None` when that cannot be done now, or ever, which is then written down. `abandoned`: an
    /// earlier hand-over of it was begun by somebody who never told its end.
    pub(super) async fn open(&self, lease: &Lease, abandoned: bool) -> Option<Parcel> {
        let message = lease.id;
        match self.store.open(lease).await {
            Ok(Some(mut parcel)) => {
                if abandoned && self.carrier != Carrier::Mail {
                    let carrier = &self.carrier;
                    warn!(message:%, carrier:%; "an earlier hand-over was never finished: it may arrive twice");
                    parcel.doubted = true;
                }
                Some(parcel)
            }
            Ok(None) => {
                self.settle(lease, &Outcome::Refused("sealed".to_owned())).await;
                None
            }
            Err(error) => {
                debug!(message:%, error:%; "cannot open a message, left to the end of its lease");
                None
            }
        }
    }

    /// Hands a claimed message over and writes down how it ended.
    pub(super) async fn carry(&self, lease: &Lease, parcel: Parcel) {
        let outcome = self.hand_over(lease, parcel).await;
        self.settle(lease, &outcome).await;
    }

    async fn hand_over(&self, lease: &Lease, parcel: Parcel) -> Outcome {
        let now = self.store.clock.now();
        let Parcel { delivery, attempts, doubted } = parcel;
        if now >= delivery.expires_at {
            return Outcome::Expired;
        }
        // One gateway from here on, whatever is adopted meanwhile.
        let gateway = Arc::clone(&self.gateway.load());
        if now.plus(gateway.deadline()) > lease.until {
            return Outcome::PutBack;
        }
        let patience = gateway.deadline() + GRACE;
        let good_for = delivery.expires_at.since(now);
        let outcome = deliver(gateway, delivery, patience.min(good_for)).await;
        if good_for < patience && outcome == Err(cut_off()) {
            return Outcome::Expired;
        }
        self.breaker.note(&outcome);
        self.note_health(&outcome);
        let pause = || {
            self.breaker.rest().map_or(backoff::pause(attempts), |rest| backoff::pause(attempts).min(rest))
        };
        let keeping_doubt = |code: String| if doubted { format!("{DOUBT}{code}") } else { code };
        match outcome {
            Ok(()) => Outcome::Sent,
            Err(DeliveryError::Permanent(code) | DeliveryError::Misconfigured(code)) => {
                Outcome::Refused(code)
            }
            Err(DeliveryError::Transient(code) | DeliveryError::Down(code)) => {
                Outcome::Deferred(keeping_doubt(code), pause())
            }
            Err(DeliveryError::Unknown(code)) => match self.carrier {
                // A mail that comes twice is the same mail, by its Message-ID.
                Carrier::Mail => Outcome::Deferred(code, pause()),
                Carrier::Sms(_) | Carrier::Custom(_) if doubted => Outcome::Refused(format!("{DOUBT}{code}")),
                Carrier::Sms(_) | Carrier::Custom(_) => Outcome::Doubted(format!("{DOUBT}{code}"), pause()),
            },
        }
    }

    async fn settle(&self, lease: &Lease, outcome: &Outcome) {
        for attempt in 1..=SETTLE_ATTEMPTS {
            match self.store.settle(lease, outcome).await {
                Ok(held) => {
                    self.store.metrics.message(&self.carrier.to_string(), outcome.word());
                    return self.log(lease, outcome, held);
                }
                Err(error) if attempt == SETTLE_ATTEMPTS => {
                    warn!(message:% = lease.id, error:% = error; "cannot write down how a hand-over ended: it will be repeated");
                }
                Err(_) => tokio::time::sleep(SETTLE_PAUSE).await,
            }
        }
    }

    fn log(&self, lease: &Lease, outcome: &Outcome, held: bool) {
        let message = lease.id;
        let carrier = &self.carrier;
        if !held {
            warn!(message:%, carrier:%; "a lease had passed before the hand-over was done: it may be repeated");
            return;
        }
        match outcome {
            Outcome::Sent => debug!(message:%, carrier:%; "handed over"),
            Outcome::Refused(code) => warn!(message:%, carrier:%, code:%; "refused for good"),
            Outcome::Expired => warn!(message:%, carrier:%; "expired before it could be handed over"),
            Outcome::Deferred(code, _) => debug!(message:%, carrier:%, code:%; "not taken now"),
            Outcome::Doubted(code, _) => {
                warn!(message:%, carrier:%, code:%; "nobody knows whether it got through: it is sent once more and may arrive twice");
            }
            Outcome::PutBack => debug!(message:%, carrier:%; "claimed too late, put back"),
        }
    }

    fn note_health(&self, outcome: &Result<(), DeliveryError>) {
        let carrier = &self.carrier;
        if let Err(DeliveryError::Misconfigured(code)) = outcome
            && !self.accused.swap(true, Ordering::Relaxed)
        {
            error!(carrier:%, code:%; "the gateway refuses how it is configured: nothing is sent until that is changed");
        }
        let healthy = matches!(outcome, Ok(()) | Err(DeliveryError::Permanent(_)));
        if self.healthy.swap(healthy, Ordering::Relaxed) == healthy {
            return;
        }
        if healthy {
            self.accused.store(false, Ordering::Relaxed);
            info!(carrier:%; "the gateway takes messages again");
        } else {
            warn!(carrier:%; "the gateway does not take messages now");
        }
    }
}

/// Calls the gateway in a task of its own: what it breaks is this hand-over and nothing else.
async fn deliver(
    gateway: Arc<Arc<dyn Gateway>>,
    delivery: Delivery,
    patience: Duration,
) -> Result<(), DeliveryError> {
    let call = actix::spawn(async move {
        tokio::time::timeout(patience, gateway.deliver(&delivery)).await.unwrap_or(Err(cut_off()))
    });
    call.await.unwrap_or_else(|_| Err(DeliveryError::Unknown("gateway_panic".to_owned())))
}

/// What a hand-over ended with that took too long.
fn cut_off() -> DeliveryError {
    DeliveryError::Unknown("gateway_timeout".to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use async_trait::async_trait;
    use sea_orm::DatabaseConnection;
    use uuid::Uuid;

    use super::*;
    use crate::clock::{Clock, Timestamp};
    use crate::courier::Content;
    use crate::metrics::Metrics;
    use crate::vault::{MasterKey, Vault};

    /// Counts its calls; asked to stall, it never ends one.
    struct Counting(Arc<AtomicUsize>, bool);

    #[async_trait]
    impl Gateway for Counting {
        async fn deliver(&self, _: &Delivery) -> Result<(), DeliveryError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            if self.1 {
                std::future::pending::<()>().await;
            }
            Ok(())
        }

        fn deadline(&self) -> Duration {
            Duration::from_secs(10)
        }
    }

    /// What becomes, at second 100, of a parcel that expires at one second under a lease that lasts until another.
    async fn hand_over(expires_at: i64, lease_until: i64) -> (Outcome, usize) {
        hand_over_to(false, expires_at * 1_000, lease_until).await
    }

    async fn hand_over_to(stalls: bool, expires_at: i64, lease_until: i64) -> (Outcome, usize) {
        let calls = Arc::new(AtomicUsize::new(0));
        let clock = Clock::manual(Timestamp::from_millis(100_000));
        let vault = Vault::new(&MasterKey::generate());
        let store = Store { db: DatabaseConnection::default(), vault, clock, metrics: Metrics::default() };
        let porter = Porter::new(Carrier::Mail, Arc::new(Counting(Arc::clone(&calls), stalls)), store);
        let content = Content { subject: String::new(), text: String::new(), html: String::new() };
        let queued_at = Timestamp::from_millis(0);
        let expires_at = Timestamp::from_millis(expires_at);
        let (id, to) = (Uuid::new_v4(), String::new());
        let delivery = Delivery { id, queued_at, expires_at, to, content, code: None };
        let until = Timestamp::from_millis(lease_until * 1_000);

        let lease = Lease { id: delivery.id, until };
        let outcome = porter.hand_over(&lease, Parcel { delivery, attempts: 1, doubted: false }).await;
        (outcome, calls.load(Ordering::SeqCst))
    }

    #[actix::test]
    async fn expiry_is_judged_right_before_the_hand_over() {
        assert!(matches!(hand_over(100, 115).await, (Outcome::Expired, 0)));
        assert!(matches!(hand_over(101, 115).await, (Outcome::Sent, 1)));
    }

    #[actix::test]
    async fn a_hand_over_that_is_still_going_on_at_the_expiry_is_cut_off() {
        let stalled = hand_over_to(true, 100_020, 115);

        let (outcome, calls) = tokio::time::timeout(Duration::from_secs(5), stalled).await.unwrap();

        assert!(matches!((outcome, calls), (Outcome::Expired, 1)));
    }

    #[actix::test]
    async fn nothing_is_handed_over_that_could_outlast_its_lease() {
        assert!(matches!(hand_over(300, 109).await, (Outcome::PutBack, 0)));
        assert!(matches!(hand_over(300, 110).await, (Outcome::Sent, 1)));
    }
}
