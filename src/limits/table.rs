//! The rates in force and what was counted under them.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use log::warn;

use super::ticks::Ticks;
use super::{Limit, LimitSettings};
use crate::clock::{self, Rate};

type Limiter = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, Ticks, NoOpMiddleware<Duration>>;

/// A limiter per [`Limit`].
pub(super) struct Table {
    login: Counter,
    verify: Counter,
    register: Counter,
    mail: Counter,
}

/// What is counted under one rate; nothing when it is off. A clone shares the counts.
#[derive(Clone)]
struct Counter {
    rate: Rate,
    limiter: Option<Arc<Limiter>>,
}

impl Table {
    pub(super) fn new(settings: &LimitSettings, ticks: &Ticks) -> Self {
        let counter = |rate| Counter::new(in_force(settings, rate), ticks);
        Self {
            login: counter(settings.login_per_ip),
            verify: counter(settings.verify_per_ip),
            register: counter(settings.register_per_ip),
            mail: counter(settings.mail_per_ip),
        }
    }

    /// A table under other settings; counters whose rate stays the same go on.
    pub(super) fn with(&self, settings: &LimitSettings, ticks: &Ticks) -> Self {
        let counter = |old: &Counter, rate| old.with(in_force(settings, rate), ticks);
        Self {
            login: counter(&self.login, settings.login_per_ip),
            verify: counter(&self.verify, settings.verify_per_ip),
            register: counter(&self.register, settings.register_per_ip),
            mail: counter(&self.mail, settings.mail_per_ip),
        }
    }

    pub(super) fn take(&self, limit: Limit, network: IpAddr, ticks: &Ticks) -> Result<(), Duration> {
        let Some(limiter) = &self.counter(limit).limiter else { return Ok(()) };
        limiter.check_key(&network).map_err(|refused| refused.wait_time_from(ticks.now()))
    }

    /// The quota in force; none when the limit is off.
    pub(super) fn quota(&self, limit: Limit) -> Option<clock::Quota> {
        self.counter(limit).rate.0
    }

    fn counter(&self, limit: Limit) -> &Counter {
        match limit {
            Limit::Login => &self.login,
            Limit::Verify => &self.verify,
            Limit::Register => &self.register,
            Limit::Mail => &self.mail,
        }
    }

    pub(super) fn prune(&self) {
        for limiter in self.limiters() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    /// How many addresses the limiter with the most of them remembers.
    pub(super) fn largest(&self) -> usize {
        self.limiters().map(|limiter| limiter.len()).max().unwrap_or(0)
    }

    /// The same counters, but afresh where more than `most` addresses are remembered that may not be forgotten.
    pub(super) fn trimmed(&self, most: usize, ticks: &Ticks) -> Self {
        Self {
            login: self.login.trimmed(most, ticks),
            verify: self.verify.trimmed(most, ticks),
            register: self.register.trimmed(most, ticks),
            mail: self.mail.trimmed(most, ticks),
        }
    }

    fn limiters(&self) -> impl Iterator<Item = &Arc<Limiter>> {
        [&self.login, &self.verify, &self.register, &self.mail]
            .into_iter()
            .filter_map(|counter| counter.limiter.as_ref())
    }
}

impl Counter {
    fn new(rate: Rate, ticks: &Ticks) -> Self {
        let limiter = quota(rate).map(|quota| RateLimiter::dashmap_with_clock(quota, ticks.clone()));
        Self { rate, limiter: limiter.map(Arc::new) }
    }

    fn with(&self, rate: Rate, ticks: &Ticks) -> Self {
        if self.rate == rate { self.clone() } else { Self::new(rate, ticks) }
    }

    fn trimmed(&self, most: usize, ticks: &Ticks) -> Self {
        let Some(limiter) = self.limiter.as_ref().filter(|limiter| limiter.len() > most) else {
            return self.clone();
        };
        limiter.retain_recent();
        if limiter.len() <= most {
            return self.clone();
        }
        warn!(rate:% = self.rate; "too many addresses are active for a request limit: it counts afresh");
        Self::new(self.rate, ticks)
    }
}

fn in_force(settings: &LimitSettings, rate: Rate) -> Rate {
    if settings.enabled { rate } else { Rate(None) }
}

/// COUNT at once, then one each PERIOD / COUNT.
fn quota(rate: Rate) -> Option<Quota> {
    let rate = rate.0?;
    let count = NonZeroU32::new(rate.count)?;
    Some(Quota::with_period(rate.period / count.get())?.allow_burst(count))
}
