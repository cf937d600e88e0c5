//! Time: the one clock of the program, instants, spans and rates.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::sync::Notify;

/// An instant in UTC, in whole milliseconds since the Unix epoch: what the database keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down (RFC 7519 section 2, `NumericDate`).
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `span` later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis_of(span)))
    }

    /// The instant `span` earlier.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis_of(span)))
    }

    /// The whole second that it is in, or the next one: from when on something is sure to have passed for who is told whole seconds.
    #[must_use]
    pub fn rounded_up(self) -> Self {
        Self(self.0.saturating_add(999).div_euclid(1000).saturating_mul(1000))
    }

    /// How many seconds it is from `earlier` to `self`, rounded up; zero if `earlier` is later.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> u64 {
        self.since(earlier).as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
    }

    /// How long it is from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis_of(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with whole seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Utc.timestamp_millis_opt(self.0).single() {
            Some(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            None => write!(f, "@{}ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where the program takes the time from: the system, or a clock that a test moves.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System,
    Manual { now: AtomicI64, moved: Notify },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Source::System))
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Arc::new(Source::Manual { now: AtomicI64::new(start.0), moved: Notify::new() }))
    }

    /// The present instant.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Source::System => Timestamp(Utc::now().timestamp_millis()),
            Source::Manual { now, .. } => Timestamp(now.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward and wakes who sleeps by it; the system's clock stays as it is.
    pub fn advance(&self, span: Duration) {
        if let Source::Manual { now, moved } = &*self.0 {
            now.fetch_add(millis_of(span), Ordering::SeqCst);
            moved.notify_waiters();
        }
    }

    /// Sleeps until this clock has reached `at`.
    pub async fn sleep_until(&self, at: Timestamp) {
        match &*self.0 {
            Source::System => tokio::time::sleep(at.since(self.now())).await,
            Source::Manual { moved, .. } => loop {
                let woken = moved.notified();
                tokio::pin!(woken);
                woken.as_mut().enable();
                if self.now() >= at {
                    return;
                }
                woken.await;
            },
        }
    }
}

/// A length of time as the configuration writes it: `"500ms"`, `"60s"`, `"5m"`, `"2h"`, `"14d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// The span of `seconds` seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// No span is longer than ten years, so that sums of instants stay far from overflow.
const LONGEST_MILLIS: u64 = 3_650 * 86_400_000;

fn parse_span(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at_checked(unit_at)?;
    let factor = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let millis = count.parse::<u64>().ok()?.checked_mul(factor)?;
    (1..=LONGEST_MILLIS).contains(&millis).then(|| Duration::from_millis(millis))
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_span(text).map(Self).ok_or_else(|| {
            format!("expected a duration such as \"60s\", \"5m\", \"2h\" or \"14d\", got \"{text}\"")
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let (unit, factor) =
            UNITS.iter().rev().find(|(_, factor)| millis % factor == 0).unwrap_or(&("ms", 1));
        write!(f, "{}{unit}", millis / factor)
    }
}

/// A span that may be switched off with `"off"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionalSpan(pub Option<Duration>);

impl FromStr for OptionalSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" { Ok(Self(None)) } else { text.parse::<Span>().map(|s| Self(Some(s.0))) }
    }
}

impl fmt::Display for OptionalSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(span) => Span(span).fmt(f),
            None => f.write_str("off"),
        }
    }
}

/// How often something may happen: `count` times in `period`, all of them at once if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many; at least 1.
    pub count: u32,
    /// In how long.
    pub period: Duration,
}

/// A quota as the configuration writes it: `"30/min"`, `"10/15m"`, `"5/hour"`, `"10/day"` or `"off"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(pub Option<Quota>);

const PERIODS: [(&str, u64); 4] = [("sec", 1), ("min", 60), ("hour", 3_600), ("day", 86_400)];

fn parse_rate(text: &str) -> Option<Rate> {
    if text == "off" {
        return Some(Rate(None));
    }
    let (count, period) = text.split_once('/')?;
    let count: u32 = if count.bytes().all(|b| b.is_ascii_digit()) { count.parse().ok()? } else { 0 };
    let period = match PERIODS.iter().find(|(name, _)| *name == period) {
        Some((_, seconds)) => Duration::from_secs(*seconds),
        None => parse_span(period)?,
    };
    (1..=1_000_000).contains(&count).then_some(Rate(Some(Quota { count, period })))
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_rate(text).ok_or_else(|| {
            format!("expected a rate such as \"30/min\", \"10/15m\", \"5/hour\", \"10/day\" or \"off\", got \"{text}\"")
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(quota) = self.0 else { return f.write_str("off") };
        match PERIODS.iter().find(|(_, seconds)| Duration::from_secs(*seconds) == quota.period) {
            Some((name, _)) => write!(f, "{}/{name}", quota.count),
            None => write!(f, "{}/{}", quota.count, Span(quota.period)),
        }
    }
}

macro_rules! serde_as_text {
    ($($kind:ty),*) => {$(
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}
serde_as_text!(Span, OptionalSpan, Rate);

/// Parses an RFC 3339 instant; `None` if it is none.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| Timestamp(at.timestamp_millis()))
}

/// Parses the instant of a `Date` header (RFC 9110 section 5.6.7); `None` if it is none.
#[must_use]
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| Timestamp(at.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_rates_read_back_as_they_were_written() {
        for text in ["500ms", "60s", "5m", "2h", "14d"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        }
        for text in ["30/min", "10/15m", "5/hour", "10/day", "off"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn whole_seconds_are_never_too_few() {
        for (millis, up) in [(0, 0), (1, 1_000), (1_000, 1_000), (1_001, 2_000), (-1, 0)] {
            assert_eq!(Timestamp::from_millis(millis).rounded_up(), Timestamp::from_millis(up), "{millis}");
        }
        let now = Timestamp::from_millis(500);
        for (millis, seconds) in [(0, 0), (500, 0), (501, 1), (1_500, 1), (1_501, 2)] {
            assert_eq!(Timestamp::from_millis(millis).seconds_since(now), seconds, "{millis}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "5", "s", "-5s", "5 s", "0s", "99999d", "5w"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        for text in ["", "5", "0/min", "+5/min", "5/", "/min", "5/fortnight"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_date_header_is_an_instant() {
        let date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();

        assert_eq!(date.to_string(), "1994-11-06T08:49:37Z");
        assert_eq!(parse_http_date("now"), None);
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers() {
        let clock = Clock::manual(Timestamp::from_millis(0));
        let sleeper = clock.sleep_until(Timestamp::from_millis(1_000));
        clock.advance(Duration::from_secs(2));

        sleeper.await;

        assert_eq!(clock.now().millis(), 2_000);
    }
}
