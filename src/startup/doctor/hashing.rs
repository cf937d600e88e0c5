//! What one hash of a password costs here.

use std::time::{Duration, Instant};

use crate::auth::{HashPool, HashSettings, Password};
use crate::courier::Checked;

/// Who waits longer for a sign-in believes that it is broken.
const SLOW: Duration = Duration::from_secs(1);

pub(super) async fn check(settings: &HashSettings) -> Checked {
    let pool = match HashPool::start(&HashSettings { threads: 1, ..settings.clone() }) {
        Ok(pool) => pool,
        Err(fault) => return Checked::Broken(format!("{fault:#}")),
    };
    let mut taken = Duration::ZERO;
    // The first one takes the memory; the second one costs what every other does.
    for _ in 0..2 {
        let started = Instant::now();
        if pool.hash(&Password::new("of nobody")).await.is_err() {
            return Checked::Broken("no hash was made: lower accounts.argon2_memory_kib".to_owned());
        }
        taken = started.elapsed();
    }
    let HashSettings { memory_kib, iterations, parallelism, .. } = settings;
    let cost = format!(
        "one password is hashed in {} ms ({memory_kib} KiB, {iterations} passes, {parallelism} lanes)",
        taken.as_millis()
    );
    if taken > SLOW {
        Checked::Doubtful(format!(
            "{cost}: every sign-in waits for it; lower accounts.argon2_iterations or argon2_memory_kib"
        ))
    } else {
        Checked::Sound(cost)
    }
}
