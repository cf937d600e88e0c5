//! Where the state of a browser session is kept: in its cookie, or in Redis where there is one.

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::storage::{
    CookieSessionStore, LoadError, RedisSessionStore, SaveError, SessionKey, SessionStore, UpdateError,
};
use actix_web::cookie::time;
use anyhow::anyhow;
use secrecy::{ExposeSecret as _, SecretString};

use crate::limits::{Dial, Remote};

/// Member of a state that could not be looked at.
const AWAY: &str = "away";

/// For so long a state outlives its key: a little longer than a client may repeat its last refresh.
const REPEATABLE: time::Duration = time::Duration::seconds(40);

type State = HashMap<String, String>;

/// The store of browser sessions. Without Redis, and for what begins while Redis is away, the state is in the encrypted
/// cookie, which every instance can read. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct BrowserStore(Option<Arc<Remote<Url>>>);

/// Of a Redis.
struct Url(SecretString);

impl Dial for Url {
    type Connection = RedisSessionStore;
    const WELL: &'static str = "browser sessions are kept in it";
    const AWAY: &'static str = "new browser sessions are kept in their cookies";

    async fn dial(&self) -> Result<RedisSessionStore, String> {
        let store = RedisSessionStore::builder(self.0.expose_secret());
        let store = store.cache_keygen(|key| format!("twostep:session:{key}")).build();
        store.await.map_err(|_| "no connection".to_owned())
    }
}

impl BrowserStore {
    /// Keeps state in the Redis at `url`. Nothing is connected before the first session: a start does not wait for Redis.
    pub(super) fn in_redis(url: SecretString) -> Self {
        Self(Some(Arc::new(Remote::new(Url(url)))))
    }

    /// Redis, for a session whose state is there.
    fn redis_of(&self, key: &SessionKey) -> Option<&Remote<Url>> {
        // The key of a session in a cookie is its state, an object.
        self.0.as_deref().filter(|_| !key.as_ref().starts_with('{'))
    }
}

/// Whether a session has a state in Redis that could not be looked at.
pub(super) fn is_away(session: &actix_session::Session) -> bool {
    session.contains_key(AWAY)
}

impl SessionStore for BrowserStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let Some(redis) = self.redis_of(key) else {
            let is_state = key.as_ref().starts_with('{');
            return if is_state { CookieSessionStore::default().load(key).await } else { Ok(None) };
        };
        let unread = || Some(State::from([(AWAY.to_owned(), "true".to_owned())]));
        let read = redis.ask(async |store| match store.load(key).await {
            Err(LoadError::Deserialization(_)) => Ok(None),
            Err(LoadError::Other(cause)) => Err(cause.to_string()),
            Ok(state) => Ok(state),
        });
        Ok(read.await.unwrap_or_else(unread))
    }

    async fn save(&self, mut state: State, ttl: &time::Duration) -> Result<SessionKey, SaveError> {
        state.remove(AWAY);
        if let Some(redis) = self.0.as_deref()
            && let Some(key) = redis.ask(async |store| told(store.save(state.clone(), ttl).await)).await
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
            if let Some(key) =
                redis.ask(async |store| told(store.update(same, state.clone(), ttl).await)).await
            {
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
            redis.ask(async |store| told(store.update_ttl(key, ttl).await)).await;
        }
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        if let Some(redis) = self.redis_of(key) {
            // A client that lost the answer asks again with the old key, and finds what it refreshed with. What stays after a
            // logout is worth nothing: it has ended in the database.
            redis.ask(async |store| told(store.update_ttl(key, &REPEATABLE).await)).await;
        }
        Ok(())
    }
}

fn told<T, E: std::fmt::Display>(done: Result<T, E>) -> Result<T, String> {
    done.map_err(|error| error.to_string())
}

fn unusable() -> UpdateError {
    UpdateError::Other(anyhow!("a session key that was read cannot be used"))
}

#[cfg(test)]
mod tests;
