//! The end of a lane whose carrier is no longer configured.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// For how long a retired lane stays though nothing is queued: a request that began before the change may still store a message.
const LINGER: Duration = Duration::from_mins(1);

/// Whether a lane is wanted. One that has ended never comes back.
pub(super) struct Retirement(Mutex<Stage>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Serving,
    Retired { since: Timestamp },
    Ended,
}

impl Retirement {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Stage::Serving))
    }

    pub(super) fn is_serving(&self) -> bool {
        *self.lock() == Stage::Serving
    }

    /// The lane is wanted, and `change` is made to it; `false`, and no change, when it has ended.
    pub(super) fn serve(&self, change: impl FnOnce()) -> bool {
        let mut stage = self.lock();
        if *stage == Stage::Ended {
            return false;
        }
        *stage = Stage::Serving;
        change();
        true
    }

    /// The lane is no longer wanted; `false` when it has ended already.
    pub(super) fn retire(&self, now: Timestamp) -> bool {
        let mut stage = self.lock();
        if *stage == Stage::Serving {
            *stage = Stage::Retired { since: now };
        }
        *stage != Stage::Ended
    }

    /// Whether the lane has been retired for so long that nothing new can come: it may end once nothing is queued.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        matches!(*self.lock(), Stage::Retired { since } if now >= since.plus(LINGER))
    }

    /// Ends the lane unless it is wanted again; tells whether it has ended.
    pub(super) fn end(&self) -> bool {
        let mut stage = self.lock();
        if *stage != Stage::Serving {
            *stage = Stage::Ended;
        }
        *stage == Stage::Ended
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_that_is_wanted_again_does_not_end() {
        let lane = Retirement::new();
        assert!(lane.retire(Timestamp::from_millis(0)));
        assert!(lane.is_over(Timestamp::from_millis(60_000)));

        assert!(lane.serve(|| {}));

        assert!(!lane.end());
        assert!(lane.is_serving());
    }

    #[test]
    fn a_lane_that_has_ended_stays_so() {
        let lane = Retirement::new();
        assert!(lane.retire(Timestamp::from_millis(0)));
        assert!(!lane.is_over(Timestamp::from_millis(59_999)));
        assert!(lane.end());

        assert!(!lane.serve(|| panic!("changed")));
        assert!(!lane.retire(Timestamp::from_millis(0)));
    }
}
