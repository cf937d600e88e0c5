//! A breaker in front of a gateway: what fails again and again is left alone, and tried by a few calls from time to time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::gateway::DeliveryError;
use crate::clock::{Clock, Timestamp};

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open before the next calls are let through.
const REST: Duration = Duration::from_secs(8);
/// How many are let through then.
const PROBES: u32 = 3;

/// Closed while the gateway works. Open, it lets a few calls through every eight seconds; the first that gets through closes it.
pub(super) struct Breaker {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    Closed { failures: u32 },
    Open { until: Timestamp, probes: u32 },
}

impl Breaker {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Whether a call may be made now. While the breaker is open each `true` is one of the few.
    pub(super) fn admits(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.lock();
        let State::Open { until, probes } = &mut *state else { return true };
        if now >= *until {
            // Whatever becomes of these, others follow after the next rest.
            (*until, *probes) = (now.plus(REST), PROBES);
        }
        let admitted = *probes > 0;
        *probes = probes.saturating_sub(1);
        admitted
    }

    /// How long it will admit nobody; `None` when it is closed.
    pub(super) fn rest(&self) -> Option<Duration> {
        match *self.lock() {
            State::Closed { .. } => None,
            State::Open { until, .. } => Some(until.since(self.clock.now())),
        }
    }

    /// Counts what came of a call.
    pub(super) fn note(&self, outcome: &Result<(), DeliveryError>) {
        match outcome {
            Err(DeliveryError::Down(_) | DeliveryError::Unknown(_)) => self.failed(),
            // It answered, if only to refuse.
            Ok(())
            | Err(
                DeliveryError::Permanent(_) | DeliveryError::Transient(_) | DeliveryError::Misconfigured(_),
            ) => self.worked(),
        }
    }

    /// The gateway answered.
    fn worked(&self) {
        *self.lock() = State::Closed { failures: 0 };
    }

    /// The gateway did not answer.
    fn failed(&self) {
        let until = self.clock.now().plus(REST);
        let mut state = self.lock();
        *state = match *state {
            State::Closed { failures } if failures + 1 < FAILURES => State::Closed { failures: failures + 1 },
            State::Closed { .. } | State::Open { .. } => State::Open { until, probes: 0 },
        };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(failures: u32) -> (Breaker, Clock) {
        let clock = Clock::manual(Timestamp::from_millis(0));
        let breaker = Breaker::new(clock.clone());
        (0..failures).for_each(|_| breaker.failed());
        (breaker, clock)
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_a_success_between_starts_the_count_again() {
        let (breaker, _) = broken(4);
        assert!(breaker.admits() && breaker.rest().is_none());

        breaker.worked();
        (0..4).for_each(|_| breaker.failed());
        assert!(breaker.admits());
        breaker.failed();

        assert!(!breaker.admits());
        assert_eq!(breaker.rest(), Some(REST));
    }

    #[test]
    fn three_calls_are_let_through_every_eight_seconds_whatever_becomes_of_them() {
        let (breaker, clock) = broken(5);

        for _ in 0..3 {
            clock.advance(REST);
            let admitted = (0..10).filter(|_| breaker.admits()).count();
            assert_eq!(admitted, 3);
        }
    }

    #[test]
    fn a_call_that_fails_ends_the_round_and_one_that_gets_through_closes_it() {
        let (breaker, clock) = broken(5);
        clock.advance(REST);

        assert!(breaker.admits());
        breaker.failed();
        assert!(!breaker.admits());
        clock.advance(REST);
        assert!(breaker.admits());
        breaker.worked();

        assert!((0..10).all(|_| breaker.admits()));
    }
}
