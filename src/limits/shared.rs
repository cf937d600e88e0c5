//! Counts that several instances share in Redis. While it is away each instance holds its own, and says so once.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use log::{info, warn};
use redis::aio::MultiplexedConnection;
use redis::{Client, RedisError, Script};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Mutex, RwLock};
use tokio::time::{Instant, timeout};

use crate::clock::Quota;

/// A request waits no longer for Redis than this.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long Redis is left alone after it has failed.
const REST: Duration = Duration::from_secs(1);

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
    client: Client,
    script: Script,
    connection: RwLock<Option<MultiplexedConnection>>,
    /// Held by the one that connects; until when Redis is left alone.
    rest: Mutex<Option<Instant>>,
    is_away: AtomicBool,
}

impl Shared {
    /// Nothing is connected before the first count: a start does not wait for Redis.
    ///
    /// # Errors
    /// What is wrong with the URL, without the URL.
    pub(super) fn new(url: &SecretString) -> Result<Self, String> {
        let client = Client::open(url.expose_secret()).map_err(|error| error.category().to_owned())?;
        Ok(Self(Arc::new(Store {
            client,
            script: Script::new(TAKE),
            connection: RwLock::new(None),
            rest: Mutex::new(None),
            is_away: AtomicBool::new(false),
        })))
    }

    /// Takes one from the shared quota; how long to wait if it is spent. Nothing is said while Redis is away.
    pub(super) async fn take(
        &self,
        limit: impl Display,
        quota: Quota,
        network: IpAddr,
    ) -> Result<(), Duration> {
        let Some(mut connection) = self.0.connection().await else { return Ok(()) };
        let mut asked = self.0.script.key(format!("twostep:limit:{limit}:{network}"));
        let emission = quota.period.as_micros() / u128::from(quota.count.max(1));
        asked.arg(u64::try_from(emission).unwrap_or(u64::MAX)).arg(quota.count);
        match timeout(PATIENCE, asked.invoke_async::<u64>(&mut connection)).await {
            Ok(Ok(0)) => {
                self.0.is_there();
                Ok(())
            }
            Ok(Ok(wait)) => Err(Duration::from_micros(wait)),
            Ok(Err(error)) => {
                self.0.is_gone(error.category()).await;
                Ok(())
            }
            Err(_) => {
                self.0.is_gone("no answer in time").await;
                Ok(())
            }
        }
    }

    /// Whether Redis answered when it was last asked.
    pub(super) fn is_well(&self) -> bool {
        !self.0.is_away.load(Ordering::Relaxed)
    }
}

impl Store {
    /// The connection; a new one is made by one request at a time, and the others do not wait for it.
    async fn connection(&self) -> Option<MultiplexedConnection> {
        if let Some(connection) = &*self.connection.read().await {
            return Some(connection.clone());
        }
        let mut rest = self.rest.try_lock().ok()?;
        if rest.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let made: Result<_, RedisError> =
            match timeout(PATIENCE, self.client.get_multiplexed_async_connection()).await {
                Ok(made) => made,
                Err(_) => Err((redis::ErrorKind::IoError, "no connection in time").into()),
            };
        match made {
            Ok(connection) => {
                *self.connection.write().await = Some(connection.clone());
                Some(connection)
            }
            Err(error) => {
                *rest = Some(Instant::now() + REST);
                self.tell_once(error.category());
                None
            }
        }
    }

    async fn is_gone(&self, why: &str) {
        *self.connection.write().await = None;
        *self.rest.lock().await = Some(Instant::now() + REST);
        self.tell_once(why);
    }

    fn is_there(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            info!("Redis answers again: request limits are shared");
        }
    }

    fn tell_once(&self, why: &str) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            warn!(why; "Redis is away: each instance holds its own request limits");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

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

        let mut connection = shared.0.connection().await.unwrap();
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert!((1..=6_000).contains(&left), "{left}");
    }

    #[actix_web::test]
    async fn while_redis_is_away_requests_go_on_and_one_at_a_time_looks_for_it() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shared = Shared::new(&format!("redis://127.0.0.1:{closed}").into()).unwrap();

        for _ in 0..100 {
            assert_eq!(shared.take("login", quota(1, 60), CLIENT).await, Ok(()));
        }

        assert!(!shared.is_well());
        assert!(shared.0.rest.lock().await.unwrap() > Instant::now());
    }

    #[actix_web::test]
    async fn a_redis_that_says_nothing_costs_a_quarter_of_a_second_and_is_left_alone() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Shared::new(&format!("redis://{}", silent.local_addr().unwrap()).into()).unwrap();
        let start = Instant::now();

        for _ in 0..100 {
            assert_eq!(shared.take("login", quota(1, 60), CLIENT).await, Ok(()));
        }

        assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
        assert!(!shared.is_well());
    }

    #[actix_web::test]
    async fn a_redis_that_hangs_once_it_is_connected_is_waited_for_once_and_left_alone() {
        let shared = Shared::new(&hung_redis::start().await.into()).unwrap();
        assert!(shared.0.connection().await.is_some());
        let start = Instant::now();

        for _ in 0..100 {
            assert_eq!(shared.take("login", quota(1, 60), CLIENT).await, Ok(()));
        }

        assert!(start.elapsed() >= PATIENCE && start.elapsed() < 2 * PATIENCE, "{:?}", start.elapsed());
        assert!(!shared.is_well());
        assert!(shared.0.connection.read().await.is_none(), "this one may never answer again");
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_telling_it() {
        let fault = Shared::new(&"http://user:sesame@x".to_owned().into()).err().unwrap();

        assert!(!fault.contains("sesame"), "{fault}");
    }
}
