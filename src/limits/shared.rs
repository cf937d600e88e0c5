//! Counts that several instances share in Redis. While it is away each instance holds its own, and says so once.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Client, Script};
use secrecy::{ExposeSecret as _, SecretString};

use super::remote::{Dial, Remote};
use crate::clock::Quota;

/// The generic cell rate algorithm: the key holds the instant (microseconds of Redis's own clock) up to which the quota is used.
/// Answers how many microseconds to wait, 0 for "go on".
const TAKE: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local emission = tonumber(ARGV[1])
local used = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + emission
local wait = used - emission * tonumber(ARGV[2]) - now
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', used), 'PX', math.ceil((used - now) / 1000))
return 0
";

/// The counts in Redis. Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared(Arc<Store>);

struct Store {
    redis: Remote<Client>,
    script: Script,
}

impl Dial for Client {
    type Connection = MultiplexedConnection;
    const WELL: &'static str = "request limits are shared";
    const AWAY: &'static str = "each instance holds its own request limits";

    async fn dial(&self) -> Result<MultiplexedConnection, String> {
        self.get_multiplexed_async_connection().await.map_err(|error| error.category().to_owned())
    }
}

impl Shared {
    /// Nothing is connected before the first count: a start does not wait for Redis.
    ///
    /// # Errors
    /// What is wrong with the URL, without the URL.
    pub(super) fn new(url: &SecretString) -> Result<Self, String> {
        let client = Client::open(url.expose_secret()).map_err(|error| error.category().to_owned())?;
        Ok(Self(Arc::new(Store { redis: Remote::new(client), script: Script::new(TAKE) })))
    }

    /// Takes one from the shared quota; how long to wait if it is spent. Nothing is said while Redis is away.
    pub(super) async fn take(
        &self,
        limit: impl Display,
        quota: Quota,
        network: IpAddr,
    ) -> Result<(), Duration> {
        let mut asked = self.0.script.key(format!("twostep:limit:{limit}:{network}"));
        let emission = quota.period.as_micros() / u128::from(quota.count.max(1));
        asked.arg(u64::try_from(emission).unwrap_or(u64::MAX)).arg(quota.count);
        let wait = self.0.redis.ask(async |mut connection| {
            let taken = asked.invoke_async::<u64>(&mut connection).await;
            taken.map_err(|error| error.category().to_owned())
        });
        match wait.await {
            None | Some(0) => Ok(()),
            Some(wait) => Err(Duration::from_micros(wait)),
        }
    }

    /// Whether Redis answered when it was last asked.
    pub(super) fn is_well(&self) -> bool {
        self.0.redis.is_well()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Instant;

    use super::*;
    use crate::limits::hung_redis;

    fn shared() -> Shared {
        Shared::new(&std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap().into()).unwrap()
    }

    /// A limit that no other test counts.
    fn fresh() -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    fn quota(count: u32, seconds: u64) -> Quota {
        Quota { count, period: Duration::from_secs(seconds) }
    }

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    #[actix_web::test]
    #[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
    async fn instances_share_a_quota_and_addresses_do_not() {
        let (one, other, limit) = (shared(), shared(), fresh());

        for shared in [&one, &other, &one] {
            assert_eq!(shared.take(&limit, quota(3, 60), CLIENT).await, Ok(()));
        }
        let refused = other.take(&limit, quota(3, 60), CLIENT).await.unwrap_err();

        assert!(refused > Duration::from_secs(18) && refused <= Duration::from_secs(20), "{refused:?}");
        assert_eq!(other.take(&limit, quota(3, 60), OTHER).await, Ok(()));
        assert_eq!(other.take(fresh(), quota(3, 60), CLIENT).await, Ok(()));
    }

    #[actix_web::test]
    #[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
    async fn a_quota_comes_back_one_by_one() {
        let (shared, limit) = (shared(), fresh());

        for _ in 0..4 {
            assert!(shared.take(&limit, quota(4, 1), CLIENT).await.is_ok());
        }
        let wait = shared.take(&limit, quota(4, 1), CLIENT).await.unwrap_err();
        tokio::time::sleep(wait).await;

        assert!(shared.take(&limit, quota(4, 1), CLIENT).await.is_ok());
        assert!(shared.take(&limit, quota(4, 1), CLIENT).await.is_err());
    }

    #[actix_web::test]
    #[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
    async fn a_count_is_forgotten_when_it_counts_no_more() {
        let (shared, limit) = (shared(), fresh());
        let key = format!("twostep:limit:{limit}:{CLIENT}");

        shared.take(&limit, quota(10, 60), CLIENT).await.unwrap();

        let client = Client::open(std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert!((1..=6_000).contains(&left), "{left}");
    }

    #[actix_web::test]
    async fn while_redis_is_away_requests_go_on() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let closed = format!("redis://127.0.0.1:{closed}");
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent_url = format!("redis://{}", silent.local_addr().unwrap());

        for url in [closed, silent_url, hung_redis::start().await] {
            let shared = Shared::new(&url.into()).unwrap();
            let start = Instant::now();
            for _ in 0..100 {
                assert_eq!(shared.take("login", quota(1, 60), CLIENT).await, Ok(()));
            }
            assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
            assert!(!shared.is_well());
        }
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_telling_it() {
        let fault = Shared::new(&"http://user:sesame@x".to_owned().into()).err().unwrap();

        assert!(!fault.contains("sesame"), "{fault}");
    }
}
