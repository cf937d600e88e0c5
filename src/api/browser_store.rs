//! Where the state of a browser session is kept: in its cookie, or in Redis where there is one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_session::storage::{
    CookieSessionStore, LoadError, RedisSessionStore, SaveError, SessionKey, SessionStore, UpdateError,
};
use actix_web::cookie::time;
use anyhow::anyhow;
use log::{info, warn};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Mutex, RwLock};
use tokio::time::{Instant, timeout};

/// A request waits no longer for Redis than this.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long Redis is left alone after it has failed.
const REST: Duration = Duration::from_secs(1);

/// Member of a state that could not be looked at.
const AWAY: &str = "away";

/// For so long a state outlives its key: a little longer than a client may repeat its last refresh.
const REPEATABLE: time::Duration = time::Duration::seconds(40);

type State = HashMap<String, String>;

/// The store of browser sessions. Without Redis, and for what begins while Redis is away, the state is in the encrypted
/// cookie, which every instance can read. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct BrowserStore(Option<Arc<Redis>>);

struct Redis {
    url: SecretString,
    store: RwLock<Option<RedisSessionStore>>,
    /// Held by the one that connects; until when Redis is left alone.
    rest: Mutex<Option<Instant>>,
}

impl BrowserStore {
    /// Keeps state in the Redis at `url`. Nothing is connected before the first session: a start does not wait for Redis.
    pub(super) fn in_redis(url: SecretString) -> Self {
        Self(Some(Arc::new(Redis { url, store: RwLock::default(), rest: Mutex::default() })))
    }

    /// Redis, for a session whose state is there.
    fn redis_of(&self, key: &SessionKey) -> Option<&Redis> {
        // The key of a session in a cookie is its state, an object.
        self.0.as_deref().filter(|_| !key.as_ref().starts_with('{'))
    }
}

/// Whether a session has a state in Redis that could not be looked at.
pub(super) fn is_away(session: &actix_session::Session) -> bool {
    session.contains_key(AWAY)
}

impl Redis {
    /// What `work` gives, if Redis answers in time.
    async fn ask<T, E: std::fmt::Display>(
        &self,
        work: impl AsyncFnOnce(&RedisSessionStore) -> Result<T, E>,
    ) -> Option<T> {
        let store = self.store().await?;
        let why = match timeout(PATIENCE, work(&store)).await {
            Ok(Ok(done)) => return Some(done),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        // Another connection next time: this one may never answer again.
        *self.store.write().await = None;
        *self.rest.lock().await = Some(Instant::now() + REST);
        warn!(why; "Redis is away: new browser sessions are kept in their cookies");
        None
    }

    /// The connection; a new one is made by one request at a time, and the others do not wait for it.
    async fn store(&self) -> Option<RedisSessionStore> {
        if let Some(store) = &*self.store.read().await {
            return Some(store.clone());
        }
        let mut rest = self.rest.try_lock().ok()?;
        if rest.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let connecting = RedisSessionStore::builder(self.url.expose_secret())
            .cache_keygen(|key| format!("twostep:session:{key}"))
            .build();
        if let Ok(Ok(store)) = timeout(PATIENCE, connecting).await {
            *self.store.write().await = Some(store.clone());
            info!("browser sessions are kept in Redis");
            Some(store)
        } else {
            *rest = Some(Instant::now() + REST);
            warn!("Redis does not answer: new browser sessions are kept in their cookies");
            None
        }
    }
}

impl SessionStore for BrowserStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let Some(redis) = self.redis_of(key) else {
            let is_state = key.as_ref().starts_with('{');
            return if is_state { CookieSessionStore::default().load(key).await } else { Ok(None) };
        };
        let unread = || Some(State::from([(AWAY.to_owned(), "true".to_owned())]));
        Ok(redis.ask(async |store| store.load(key).await).await.unwrap_or_else(unread))
    }

    async fn save(&self, mut state: State, ttl: &time::Duration) -> Result<SessionKey, SaveError> {
        state.remove(AWAY);
        if let Some(redis) = self.0.as_deref()
            && let Some(key) = redis.ask(async |store| store.save(state.clone(), ttl).await).await
        {
            return Ok(key);
        }
        CookieSessionStore::default().save(state, ttl).await
    }

    async fn update(
        &self,
        key: SessionKey,
        mut state: State,
        ttl: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        state.remove(AWAY);
        if let Some(redis) = self.redis_of(&key) {
            let same = SessionKey::try_from(key.as_ref().to_owned()).map_err(|_| unusable())?;
            if let Some(key) = redis.ask(async |store| store.update(same, state.clone(), ttl).await).await {
                return Ok(key);
            }
        }
        self.save(state, ttl).await.map_err(|error| match error {
            SaveError::Serialization(cause) => UpdateError::Serialization(cause),
            SaveError::Other(cause) => UpdateError::Other(cause),
        })
    }

    async fn update_ttl(&self, key: &SessionKey, ttl: &time::Duration) -> Result<(), anyhow::Error> {
        if let Some(redis) = self.redis_of(key) {
            redis.ask(async |store| store.update_ttl(key, ttl).await).await;
        }
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        if let Some(redis) = self.redis_of(key) {
            // A client that lost the answer asks again with the old key, and finds what it refreshed with. What stays after a
            // logout is worth nothing: it has ended in the database.
            redis.ask(async |store| store.update_ttl(key, &REPEATABLE).await).await;
        }
        Ok(())
    }
}

fn unusable() -> UpdateError {
    UpdateError::Other(anyhow!("a session key that was read cannot be used"))
}

#[cfg(test)]
mod tests;
