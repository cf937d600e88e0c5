//! The clock: what others show, and what it cannot be before.

use migration::{Migrator, MigratorTrait as _};

use crate::clock::{Timestamp, parse_rfc3339};
use crate::courier::Checked;

/// One step of TOTP, in milliseconds: more, and codes of the right app are refused.
const FAILS: i64 = 30_000;
const WARNS: i64 = 5_000;

/// What tells the time besides our clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// `the database's clock`
    of: String,
    /// By how many milliseconds it is ahead of ours.
    ahead: i64,
    is_clock: bool,
}

impl Evidence {
    /// Another clock.
    pub(super) fn clock(of: String, ahead: i64) -> Self {
        Self { of, ahead, is_clock: true }
    }

    /// Something that has happened at `at`.
    pub(super) fn past(of: &str, at: Timestamp, now: Timestamp) -> Self {
        Self { of: of.to_owned(), ahead: (at.millis() - now.millis()).max(0), is_clock: false }
    }
}

/// Compares our clock, which shows `now`, with what others saw.
pub(super) fn check(evidence: &[Evidence], now: Timestamp) -> Checked {
    let built = built().map(|at| Evidence::past("the making of this program", at, now));
    let all: Vec<_> = evidence.iter().chain(&built).collect();
    let worst = all.iter().max_by_key(|evidence| evidence.ahead.abs());
    if let Some(worst) = worst.filter(|worst| worst.ahead.abs() > WARNS) {
        let way = if worst.ahead > 0 { "behind" } else { "ahead of" };
        let told = format!("{now} is {} s {way} {}", worst.ahead.abs() / 1000, worst.of);
        return if worst.ahead.abs() > FAILS {
            Checked::Broken(format!(
                "{told}: codes of apps and tokens are judged by it; set it right, by NTP"
            ))
        } else {
            Checked::Doubtful(format!("{told}: let NTP hold it"))
        };
    }
    let shown: Vec<_> = all
        .iter()
        .filter(|evidence| evidence.is_clock)
        .map(|evidence| format!("{} ({} ms off)", evidence.of, evidence.ahead.abs()))
        .collect();
    Checked::Sound(if shown.is_empty() {
        format!("{now} is plausible, but there was no other clock to compare with: see that NTP holds it")
    } else {
        format!("{now} agrees with {}", shown.join(", "))
    })
}

/// The day of the newest migration: this program is no older.
fn built() -> Option<Timestamp> {
    let newest = Migrator::migrations().last()?.name().to_owned();
    let (year, month, day) = (newest.get(1..5)?, newest.get(5..7)?, newest.get(7..9)?);
    parse_rfc3339(&format!("{year}-{month}-{day}T00:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_900_000_000_000);

    fn other(ahead: i64) -> Checked {
        check(&[Evidence::clock("the sun".to_owned(), ahead), Evidence::clock("the moon".to_owned(), 0)], NOW)
    }

    #[test]
    fn one_step_of_totp_is_a_failure_and_a_few_seconds_are_a_warning() {
        for ahead in [30_001, -30_001] {
            assert!(matches!(other(ahead), Checked::Broken(_)), "{ahead}");
        }
        for ahead in [5_001, -5_001, 30_000, -30_000] {
            assert!(matches!(other(ahead), Checked::Doubtful(_)), "{ahead}");
        }
        for ahead in [0, 5_000, -5_000] {
            assert!(matches!(other(ahead), Checked::Sound(_)), "{ahead}");
        }
        let Checked::Broken(behind) = other(60_000) else { panic!("off") };
        assert!(behind.contains("60 s behind the sun"), "{behind}");
    }

    #[test]
    fn without_another_clock_what_has_happened_is_not_in_the_future() {
        let past = |at| check(&[Evidence::past("the newest event", Timestamp::from_millis(at), NOW)], NOW);

        assert!(matches!(past(0), Checked::Sound(told) if told.contains("no other clock")));
        assert!(
            matches!(past(NOW.millis() + 31_000), Checked::Broken(told) if told.contains("newest event"))
        );
        let before_us = check(&[], Timestamp::from_millis(1_000_000_000_000));
        assert!(matches!(before_us, Checked::Broken(told) if told.contains("this program")));
    }
}
