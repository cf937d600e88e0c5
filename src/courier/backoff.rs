//! When a message is tried again.

use std::time::Duration;

/// Pauses after the first, second, … failure; the last one repeats.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 15];

/// The pause after the failure of attempt number `attempts` (1 is the first): 1, 2, 4, 8, 15, 15 … seconds, less up to a
/// quarter, so that what failed together does not come back together.
pub(super) fn pause(attempts: i32) -> Duration {
    let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(PAUSES.len() - 1);
    let longest = Duration::from_secs(PAUSES.get(index).copied().unwrap_or(15));
    longest.mul_f64(1.0 - rand::random::<f64>() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_fifteen_seconds_and_is_spread() {
        for (attempts, seconds) in [(0, 1.0), (1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 15.0), (99, 15.0)] {
            let pauses: Vec<Duration> = (0..100).map(|_| pause(attempts)).collect();
            assert!(
                pauses.iter().all(|pause| (seconds * 0.75..=seconds).contains(&pause.as_secs_f64())),
                "{attempts}"
            );
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{attempts}");
        }
    }
}
