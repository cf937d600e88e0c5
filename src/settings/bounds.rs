//! How large and how small a value may be.

use std::ops::RangeInclusive;

use super::draft::Draft;
use super::entry::Kind;
use crate::auth::HashSettings;
use crate::clock::{Rate, Span};

/// Least and largest values; a test sees that no number is forgotten.
const NUMBERS: [(&str, i64, i64); 14] = [
    ("server.workers", 0, 1024),
    // Below, a registration does not fit; above, slow bodies hold too much memory.
    ("server.body_limit", 1024, 16 * 1024 * 1024),
    ("database.max_connections", 0, 1000),
    ("accounts.password_min_length", 1, 128),
    ("accounts.lockout_attempts", 1, 1000),
    // The same bounds hold for what is stored: whatever may be set can be checked, also when less is set later.
    within("accounts.argon2_memory_kib", &HashSettings::MEMORY_KIB),
    within("accounts.argon2_iterations", &HashSettings::ITERATIONS),
    within("accounts.argon2_parallelism", &HashSettings::PARALLELISM),
    ("accounts.hash_threads", 0, 1024),
    ("accounts.hash_queue", 1, 1_000_000),
    // NIST SP 800-63B-4 section 3.1.3.2 asks for six digits; more than ten nobody types.
    ("two_step.code_length", 6, 10),
    ("two_step.max_attempts", 1, 1000),
    ("two_step.account_attempts_total", 1, 1_000_000),
    ("two_step.max_sends", 1, 1000),
];

const fn within(name: &'static str, range: &RangeInclusive<u32>) -> (&'static str, i64, i64) {
    (name, *range.start() as i64, *range.end() as i64)
}

/// Shortest and longest spans, where the clock's own bounds (1 ms to ten years) are too wide.
const SPANS: [(&str, &str, &str); 9] = [
    ("server.shutdown_timeout", "1ms", "1h"),
    ("server.request_timeout", "100ms", "10m"),
    ("accounts.link_lifetime", "1s", "30d"),
    ("accounts.lockout_duration", "1s", "30d"),
    ("two_step.code_lifetime", "1s", "1d"),
    ("two_step.resend_after", "1ms", "1d"),
    // Browsers keep no cookie longer.
    ("two_step.remember_device", "1s", "400d"),
    ("tokens.access_lifetime", "1s", "1d"),
    ("mail.timeout", "100ms", "10m"),
];

/// Rates whose every event is a number in a row of the database: what fits in a text column of MariaDB, with room to spare.
const COUNTED_IN_ROWS: [&str; 3] =
    ["two_step.account_attempts", "two_step.destination_sends", "limits.mail_per_destination"];
const MOST_IN_A_ROW: u32 = 1000;

/// Notes every number, span and rate that is out of its bounds.
pub(super) fn check(draft: &mut Draft) {
    let numbers: Vec<(String, i64)> = draft
        .entries()
        .iter()
        .filter(|entry| entry.kind == Kind::Number)
        .filter_map(|entry| Some((entry.name(), entry.value.as_ref()?.as_integer()?)))
        .collect();
    for (name, number) in numbers {
        let bounds = NUMBERS.iter().find(|(key, ..)| *key == name);
        if let Some((_, least, largest)) =
            bounds.filter(|(_, least, largest)| !(least..=largest).contains(&&number))
        {
            draft.refuse(&name, format!("expected a number from {least} to {largest}, got {number}"));
        }
    }
    for (name, shortest, longest) in SPANS {
        let Ok(span) = draft.text(name).parse::<Span>() else { continue };
        let bound = |text: &str| text.parse::<Span>().ok();
        if bound(shortest).is_some_and(|least| span < least) || bound(longest).is_some_and(|most| span > most)
        {
            draft.refuse(name, format!("expected a duration from {shortest} to {longest}, got {span}"));
        }
    }
    for name in COUNTED_IN_ROWS {
        let Ok(rate) = draft.text(name).parse::<Rate>() else { continue };
        if rate.0.is_some_and(|quota| quota.count > MOST_IN_A_ROW) {
            draft.refuse(name, format!("expected a count of at most {MOST_IN_A_ROW}, got {rate}"));
        }
    }
}
