//! `twostep doctor`: tries what the server needs, side by side, each for a bounded time, and changes nothing.

mod database;
mod gateways;
mod hashing;
mod redis;
mod time;
mod tls;

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use secrecy::ExposeSecret as _;

use self::time::Evidence;
use super::hash_settings;
use crate::clock::Clock;
use crate::courier::Checked;
use crate::settings::Settings;

/// How long a check may take that talks to nobody or to what is near.
const LIMIT: Duration = Duration::from_secs(10);

/// How one part does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It works.
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// It does not work.
    Failed,
}

/// What was found of one part.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Name of the part.
    pub check: String,
    /// How it does.
    pub status: Status,
    /// What was tried, and on failure what to do; one line that holds no secret.
    pub detail: String,
    /// How long that took.
    pub milliseconds: u64,
}

/// A check on its way.
type Check<'a> = Pin<Box<dyn Future<Output = (Finding, Vec<Evidence>)> + 'a>>;

/// Tries database, Redis, relays, gateways, clock, TLS and hashing of `settings`; always in this order.
pub async fn examine(settings: &Settings) -> Vec<Finding> {
    let clock = Clock::system();
    let mut checks = vec![start("database", LIMIT, database::check(&settings.database, &clock))];
    if !settings.redis.url.expose_secret().is_empty() {
        checks.push(start("Redis", LIMIT, redis::check(&settings.redis.url, &clock)));
    }
    checks.extend(gateways::mail(&settings.mail));
    checks.extend(gateways::texts(&settings.providers, &clock));
    let own = [
        start("TLS", LIMIT, async { tls::check(&settings.server, clock.now()).into() }),
        start("hashing", LIMIT, async { hashing::check(&hash_settings(settings)).await.into() }),
    ];
    let (others, own) = tokio::join!(join_all(checks), join_all(own));
    let (mut findings, evidence): (Vec<_>, Vec<_>) = others.into_iter().unzip();
    let (time, _) =
        start("clock", LIMIT, async { time::check(&evidence.concat(), clock.now()).into() }).await;
    findings.push(time);
    findings.extend(own.into_iter().map(|(finding, _)| finding));
    findings
}

/// What a check gives: its verdict, and what it saw of the time.
struct Outcome(Checked, Vec<Evidence>);

impl From<Checked> for Outcome {
    fn from(checked: Checked) -> Self {
        Self(checked, Vec::new())
    }
}

/// A check that is given up after `limit`.
fn start<'a>(
    name: impl Into<String>,
    limit: Duration,
    work: impl Future<Output = Outcome> + 'a,
) -> Check<'a> {
    let check = name.into();
    Box::pin(async move {
        let started = Instant::now();
        let late = |_| {
            Checked::Broken(format!("no answer within {} s: see what it waits for", limit.as_secs())).into()
        };
        let Outcome(checked, evidence) = tokio::time::timeout(limit, work).await.unwrap_or_else(late);
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (status, detail) = match checked {
            Checked::Sound(detail) => (Status::Ok, detail),
            Checked::Doubtful(detail) => (Status::Warning, detail),
            Checked::Broken(detail) => (Status::Failed, detail),
        };
        (Finding { check, status, detail, milliseconds }, evidence)
    })
}
