//! Request limits per client address.

mod client_address;
mod forwarded;
#[cfg(test)]
pub(crate) mod hung_redis;
mod remote;
mod settings;
mod shared;
mod table;
mod ticks;

pub use client_address::{client_address, network_of};
pub(crate) use remote::{Dial, Remote};
pub use settings::LimitSettings;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use secrecy::SecretString;

use crate::clock::Clock;
use shared::Shared;
use table::Table;
use ticks::Ticks;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// `login_per_ip`
    Login,
    /// `verify_per_ip`
    Verify,
    /// `register_per_ip`
    Register,
    /// `mail_per_ip`
    Mail,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::Verify => "verify",
            Self::Register => "register",
            Self::Mail => "mail",
        })
    }
}

/// Addresses that one limit remembers, some 5 MiB. When more are counted, those that have their whole quota back are
/// forgotten; if that is not enough, all are. Whoever holds that many networks is not held by a limit per network;
/// what guards accounts is counted in the database.
const MOST_ADDRESSES: usize = 50_000;

/// How many requests pass between two looks at the size of the tables.
const LOOK_EVERY: u32 = 256;

/// Counts requests per client address, IPv6 per /64, in memory and, if it is told so, in Redis together with other instances. Cheap
/// to clone.
#[derive(Clone)]
pub struct Limits {
    here: Arc<Inner>,
    shared: Option<Shared>,
}

struct Inner {
    table: ArcSwap<Table>,
    ticks: Ticks,
    taken: AtomicU32,
}

impl Limits {
    /// Fresh counters.
    #[must_use]
    pub fn new(settings: &LimitSettings, clock: Clock) -> Self {
        let ticks = Ticks::new(clock);
        let table = ArcSwap::from_pointee(Table::new(settings, &ticks));
        Self { here: Arc::new(Inner { table, ticks, taken: AtomicU32::new(0) }), shared: None }
    }

    /// Shares the counts with other instances through the Redis at `url`.
    ///
    /// # Errors
    /// What is wrong with the URL, without the URL.
    pub fn shared_by(self, url: &SecretString) -> Result<Self, String> {
        Ok(Self { shared: Some(Shared::new(url)?), ..self })
    }

    /// Takes one from the quota of `address`, here and in Redis. While Redis is away the count of this instance holds.
    ///
    /// # Errors
    /// How long until the next one is allowed.
    pub async fn count(&self, limit: Limit, address: IpAddr) -> Result<(), Duration> {
        self.take(limit, address)?;
        let Some(shared) = &self.shared else { return Ok(()) };
        let Some(quota) = self.here.table.load().quota(limit) else { return Ok(()) };
        shared.take(limit, quota, network_of(address)).await
    }

    /// Whether Redis answered when it was last asked; `None` where nothing is shared.
    #[must_use]
    pub fn health(&self) -> Option<bool> {
        self.shared.as_ref().map(Shared::is_well)
    }

    /// Takes one from the quota of `address` in this process.
    fn take(&self, limit: Limit, address: IpAddr) -> Result<(), Duration> {
        if self.here.taken.fetch_add(1, Ordering::Relaxed) % LOOK_EVERY == LOOK_EVERY - 1 {
            self.trim();
        }
        self.here.table.load().take(limit, network_of(address), &self.here.ticks)
    }

    /// Forgets the addresses that have their whole quota back: housekeeping, now and then.
    pub fn prune(&self) {
        self.here.table.load().prune();
    }

    /// Changes the rates while the program runs. A limit whose rate stays the same keeps its counts.
    pub fn configure(&self, settings: &LimitSettings) {
        self.here.table.rcu(|table| table.with(settings, &self.here.ticks));
    }

    fn trim(&self) {
        if self.here.table.load().largest() > MOST_ADDRESSES {
            self.here.table.rcu(|table| table.trimmed(MOST_ADDRESSES, &self.here.ticks));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::clock::{Rate, Timestamp};

    fn settings(login: &str) -> LimitSettings {
        let off = Rate(None);
        LimitSettings {
            login_per_ip: login.parse().unwrap(),
            verify_per_ip: "60/min".parse().unwrap(),
            register_per_ip: off,
            mail_per_ip: "1/hour".parse().unwrap(),
            mail_per_destination: off,
            enabled: true,
        }
    }

    fn limits(login: &str) -> (Limits, Clock) {
        let clock = Clock::manual(Timestamp::from_millis(1_800_000_000_000));
        (Limits::new(&settings(login), clock.clone()), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_count_may_come_at_once_and_comes_back_evenly() {
        let (limits, clock) = limits("3/min");
        let client = address("192.0.2.1");

        for _ in 0..3 {
            assert_eq!(limits.take(Limit::Login, client), Ok(()));
        }

        assert_eq!(limits.take(Limit::Login, client), Err(Duration::from_secs(20)));
        clock.advance(Duration::from_millis(19_999));
        assert_eq!(limits.take(Limit::Login, client), Err(Duration::from_millis(1)));
        clock.advance(Duration::from_millis(1));
        assert_eq!(limits.take(Limit::Login, client), Ok(()));
        assert!(limits.take(Limit::Login, client).is_err());
        clock.advance(Duration::from_mins(1));
        for _ in 0..3 {
            assert_eq!(limits.take(Limit::Login, client), Ok(()));
        }
        assert!(limits.take(Limit::Login, client).is_err());
    }

    #[test]
    fn each_address_and_each_limit_has_its_own_count() {
        let (limits, _) = limits("1/min");

        assert!(limits.take(Limit::Login, address("192.0.2.1")).is_ok());
        assert!(limits.take(Limit::Login, address("192.0.2.1")).is_err());
        assert!(limits.take(Limit::Login, address("192.0.2.2")).is_ok());
        assert!(limits.take(Limit::Mail, address("192.0.2.1")).is_ok());
        assert!(limits.take(Limit::Verify, address("192.0.2.1")).is_ok());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_and_a_mapped_address_as_ipv4() {
        let (limits, _) = limits("1/min");

        assert!(limits.take(Limit::Login, address("2001:db8::1")).is_ok());
        assert!(limits.take(Limit::Login, address("2001:db8::ffff:0:0:2")).is_err());
        assert!(limits.take(Limit::Login, address("2001:db8:0:1::1")).is_ok());
        assert!(limits.take(Limit::Login, address("192.0.2.1")).is_ok());
        assert!(limits.take(Limit::Login, address("::ffff:192.0.2.1")).is_err());
        assert!(limits.take(Limit::Login, address("::ffff:192.0.2.2")).is_ok());
    }

    #[test]
    fn what_is_off_never_limits() {
        let (limits, _) = limits("1/min");
        let disabled = LimitSettings { enabled: false, ..settings("1/min") };
        let disabled = Limits::new(&disabled, Clock::manual(Timestamp::from_millis(0)));

        for _ in 0..1_000 {
            assert!(limits.take(Limit::Register, address("192.0.2.1")).is_ok());
            assert!(disabled.take(Limit::Login, address("192.0.2.1")).is_ok());
        }
    }

    #[test]
    fn a_new_rate_counts_afresh_and_an_old_one_goes_on() {
        let (limits, _) = limits("1/min");
        let client = address("192.0.2.1");
        for limit in [Limit::Login, Limit::Mail] {
            assert!(limits.take(limit, client).is_ok());
        }

        limits.configure(&settings("2/min"));

        assert!(limits.take(Limit::Login, client).is_ok());
        assert!(limits.take(Limit::Login, client).is_ok());
        assert!(limits.take(Limit::Login, client).is_err());
        assert!(limits.take(Limit::Mail, client).is_err());
        limits.configure(&LimitSettings { enabled: false, ..settings("2/min") });
        assert!(limits.take(Limit::Mail, client).is_ok());
    }

    #[test]
    fn parallel_requests_share_one_count() {
        let (limits, _) = limits("20/min");

        let passed: usize = std::thread::scope(|scope| {
            let takers = [0; 4].map(|_| {
                scope.spawn(|| {
                    (0..50).filter(|_| limits.take(Limit::Login, address("192.0.2.1")).is_ok()).count()
                })
            });
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });

        assert_eq!(passed, 20);
    }

    #[test]
    fn pruning_forgets_only_those_who_have_their_quota_back() {
        let (limits, clock) = limits("2/min");
        let (idle, active) = (address("192.0.2.1"), address("192.0.2.2"));
        assert!(limits.take(Limit::Login, idle).is_ok());
        clock.advance(Duration::from_secs(50));
        for _ in 0..2 {
            assert!(limits.take(Limit::Login, active).is_ok());
        }
        clock.advance(Duration::from_secs(15));

        limits.prune();

        assert_eq!(limits.here.table.load().largest(), 1);
        assert!(limits.take(Limit::Login, active).is_err());
    }

    #[test]
    fn memory_stays_bounded_under_many_addresses() {
        let (limits, clock) = limits("1/day");
        let most = MOST_ADDRESSES + LOOK_EVERY as usize;

        for n in 0..120_000_u32 {
            assert!(limits.take(Limit::Login, IpAddr::V4(Ipv4Addr::from_bits(n))).is_ok());
        }
        assert!(limits.here.table.load().largest() <= most);

        clock.advance(Duration::from_hours(72));
        for n in 0..LOOK_EVERY {
            let network = u128::from(n) << 64;
            assert!(limits.take(Limit::Login, IpAddr::V6(Ipv6Addr::from_bits(network + (1 << 120)))).is_ok());
        }
        assert!(limits.here.table.load().largest() <= most);
    }
}
