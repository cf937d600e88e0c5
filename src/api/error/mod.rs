//! Causes → answers: one table for problem+json, one for the article's shapes.

mod article;
mod body;
mod causes;
mod problem;
mod problems;

pub(super) use article::{Refusal, RegistrationRefusal, ResetRefusal, Route};
pub(super) use body::ProblemBody;
pub(super) use problem::{Problem, Told, other_method};

use std::time::Duration;

/// What `Retry-After` says: whole seconds, rounded up, at least one (RFC 9110 section 10.2.3).
fn seconds(wait: Duration) -> u64 {
    let whole = wait.as_secs();
    if wait.subsec_nanos() > 0 { whole.saturating_add(1) } else { whole.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_that_are_never_too_few() {
        assert_eq!(seconds(Duration::ZERO), 1);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(2)), 2);
        assert_eq!(seconds(Duration::from_millis(2_001)), 3);
    }
}
