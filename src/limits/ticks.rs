//! Governor's view of [`Clock`]: time that never runs backwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};

/// How long this clock has been watched. When the system's clock is set back, it goes on from where it was, so that
/// nobody waits for an hour to come round again.
#[derive(Clone, Debug)]
pub(super) struct Ticks {
    clock: Clock,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug)]
struct Seen {
    at: Timestamp,
    elapsed: Duration,
}

impl Ticks {
    pub(super) fn new(clock: Clock) -> Self {
        let seen = Seen { at: clock.now(), elapsed: Duration::ZERO };
        Self { clock, seen: Arc::new(Mutex::new(seen)) }
    }
}

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked under the lock: two threads must not bring their instants in the wrong order.
        let now = self.clock.now();
        seen.elapsed = seen.elapsed.saturating_add(now.since(seen.at));
        seen.at = now;
        seen.elapsed
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::Clock as _;

    use super::*;

    #[test]
    fn a_clock_that_is_set_back_goes_on_from_where_it_was() {
        let clock = Clock::manual(Timestamp::from_millis(10_000));
        let ticks = Ticks::new(clock.clone());
        clock.advance(Duration::from_secs(2));
        assert_eq!(ticks.now(), Duration::from_secs(2));

        ticks.seen.lock().unwrap().at = Timestamp::from_millis(3_600_000);

        assert_eq!(ticks.now(), Duration::from_secs(2));
        clock.advance(Duration::from_secs(1));
        assert_eq!(ticks.now(), Duration::from_secs(3));
    }
}
