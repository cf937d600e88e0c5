//! A server that may be away, like Redis: a request waits for it a little, and leaves it alone for a while after it failed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use log::{info, warn};
use tokio::sync::{Mutex, RwLock};
use tokio::time::{Instant, timeout};

/// A request waits no longer than this.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long the server is left alone after it has failed.
const REST: Duration = Duration::from_secs(1);

/// Connects to a server.
pub(crate) trait Dial {
    type Connection: Clone;

    /// What serves as long as the server answers, for the log.
    const WELL: &'static str;
    /// What serves while it does not, for the log.
    const AWAY: &'static str;

    /// # Errors
    /// Why there is no connection, without a secret.
    async fn dial(&self) -> Result<Self::Connection, String>;
}

/// The server that `D` connects to.
pub(crate) struct Remote<D: Dial> {
    dial: D,
    connection: RwLock<Option<D::Connection>>,
    /// Held by the one that connects; until when the server is left alone.
    rest: Mutex<Option<Instant>>,
    is_away: AtomicBool,
}

impl<D: Dial> Remote<D> {
    /// Nothing is connected before the first question: a start does not wait for the server.
    pub(crate) fn new(dial: D) -> Self {
        Self { dial, connection: RwLock::new(None), rest: Mutex::new(None), is_away: AtomicBool::new(false) }
    }

    /// What `work` gives, if the server answers in time; its error tells why it did not.
    pub(crate) async fn ask<T>(
        &self,
        work: impl AsyncFnOnce(D::Connection) -> Result<T, String>,
    ) -> Option<T> {
        let connection = self.connection().await?;
        let why = match timeout(PATIENCE, work(connection)).await {
            Ok(Ok(answer)) => {
                self.tell_back();
                return Some(answer);
            }
            Ok(Err(why)) => why,
            Err(_) => "no answer in time".to_owned(),
        };
        // Another connection next time: this one may never answer again.
        *self.connection.write().await = None;
        *self.rest.lock().await = Some(Instant::now() + REST);
        self.tell_away(&why);
        None
    }

    /// Whether it answered when it was last asked.
    pub(crate) fn is_well(&self) -> bool {
        !self.is_away.load(Ordering::Relaxed)
    }

    /// The connection; a new one is made by one request at a time, and the others do not wait for it.
    async fn connection(&self) -> Option<D::Connection> {
        if let Some(connection) = &*self.connection.read().await {
            return Some(connection.clone());
        }
        let mut rest = self.rest.try_lock().ok()?;
        if rest.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let made = timeout(PATIENCE, self.dial.dial()).await;
        match made.unwrap_or_else(|_| Err("no connection in time".to_owned())) {
            Ok(connection) => {
                *self.connection.write().await = Some(connection.clone());
                Some(connection)
            }
            Err(why) => {
                *rest = Some(Instant::now() + REST);
                self.tell_away(&why);
                None
            }
        }
    }

    fn tell_back(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            info!("Redis answers again: {}", D::WELL);
        }
    }

    fn tell_away(&self, why: &str) {
        if !self.is_away.swap(true, Ordering::Relaxed) {
            warn!(why; "Redis is away: {}", D::AWAY);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Counts how often it is dialled.
    #[derive(Default)]
    struct Dialled {
        times: AtomicUsize,
        refuses: AtomicBool,
        hangs: AtomicBool,
    }

    impl Dial for Dialled {
        type Connection = ();
        const WELL: &'static str = "well";
        const AWAY: &'static str = "away";

        async fn dial(&self) -> Result<(), String> {
            self.times.fetch_add(1, Ordering::Relaxed);
            if self.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            if self.refuses.load(Ordering::Relaxed) { Err("refused".to_owned()) } else { Ok(()) }
        }
    }

    fn remote() -> Remote<Dialled> {
        Remote::new(Dialled::default())
    }

    async fn answer((): ()) -> Result<u8, String> {
        Ok(7)
    }

    fn times(remote: &Remote<Dialled>) -> usize {
        remote.dial.times.load(Ordering::Relaxed)
    }

    #[actix_web::test]
    async fn one_connection_serves_every_question() {
        let remote = remote();

        assert_eq!(times(&remote), 0);
        assert_eq!((remote.ask(answer).await, remote.ask(answer).await), (Some(7), Some(7)));
        assert_eq!((times(&remote), remote.is_well()), (1, true));
    }

    #[actix_web::test]
    async fn who_cannot_be_reached_is_tried_again_after_its_rest() {
        let remote = remote();
        remote.dial.refuses.store(true, Ordering::Relaxed);

        for _ in 0..10 {
            assert_eq!(remote.ask(answer).await, None);
        }
        assert_eq!((times(&remote), remote.is_well()), (1, false));

        remote.dial.refuses.store(false, Ordering::Relaxed);
        tokio::time::sleep(REST).await;
        assert_eq!(remote.ask(answer).await, Some(7));
        assert_eq!((times(&remote), remote.is_well()), (2, true));
    }

    #[actix_web::test]
    async fn who_fails_is_left_alone_and_connected_anew() {
        let remote = remote();

        assert_eq!(remote.ask(async |()| Err::<u8, _>("broken".to_owned())).await, None);
        assert_eq!((remote.ask(answer).await, remote.is_well()), (None, false));
        tokio::time::sleep(REST).await;

        assert_eq!(remote.ask(answer).await, Some(7));
        assert_eq!(times(&remote), 2);
    }

    #[actix_web::test]
    async fn who_hangs_is_waited_for_once() {
        let (unreachable, silent) = (remote(), remote());
        unreachable.dial.hangs.store(true, Ordering::Relaxed);
        let silence = async |()| std::future::pending::<Result<u8, String>>().await;

        for remote in [&unreachable, &silent] {
            let start = Instant::now();
            for _ in 0..10 {
                assert_eq!(remote.ask(silence).await, None);
            }
            assert!(start.elapsed() >= PATIENCE && start.elapsed() < 3 * PATIENCE, "{:?}", start.elapsed());
        }
        assert!(silent.connection.read().await.is_none(), "this one may never answer again");
    }

    #[actix_web::test]
    async fn nobody_waits_for_another_that_connects() {
        let remote = remote();
        remote.dial.hangs.store(true, Ordering::Relaxed);
        let start = Instant::now();

        let (first, (other, waited)) =
            tokio::join!(remote.ask(answer), async { (remote.ask(answer).await, start.elapsed()) });

        assert_eq!((first, other, times(&remote)), (None, None, 1));
        assert!(waited < PATIENCE, "{waited:?}");
    }
}
