//! Keys that change while the program runs: by another process, by the command, or because their time has come.

use std::sync::{Arc, Weak};
use std::time::Duration;

use log::{info, warn};

use super::KeyError;
use super::tokens::{Mint, Tokens};

/// How often, in real time, the database is looked at: what another process wrote counts within two seconds.
const LOOK: Duration = Duration::from_secs(1);

/// After this time a key gives way to the next one.
const ROTATE_AFTER: Duration = Duration::from_hours(24 * 90);

impl Tokens {
    /// Follows the keys in the database until the last clone is gone; rotates them every 90 days, and deletes those whose
    /// tokens have all expired. Nothing is done for a configured secret (HS256). Must run in an actix system.
    pub fn watch(&self) {
        if self.0.store.is_some() {
            tokio::task::spawn_local(look_on(Arc::downgrade(&self.0)));
        }
    }

    /// Ends [`Tokens::watch`], after the look at the database that has begun: its connection must not be cut off.
    pub async fn stop_watching(&self) {
        *self.0.is_stopped.lock().await = true;
    }

    /// The next key signs from now on. False with HS256, whose secret is configured, and if another process has rotated
    /// meanwhile.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn rotate(&self) -> Result<bool, KeyError> {
        let Some(store) = &self.0.store else { return Ok(false) };
        let has_rotated = store.rotate().await?;
        self.0.look().await?;
        Ok(has_rotated)
    }
}

async fn look_on(mint: Weak<Mint>) {
    let mut is_failing = false;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(mint) = mint.upgrade() else { return };
        let is_stopped = mint.is_stopped.lock().await;
        if *is_stopped {
            return;
        }
        match mint.look().await {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                is_failing = true;
                warn!(error:% = error; "the signing keys cannot be read; the known ones stay in use");
            }
            Err(_) => {}
        }
    }
}

impl Mint {
    /// Takes what has changed in the database, and does what is due.
    pub(super) async fn look(&self) -> Result<(), KeyError> {
        let Some(store) = &self.store else { return Ok(()) };
        let mut rows = store.rows().await?;
        if store.prune(&rows).await? > 0 {
            rows = store.rows().await?;
        }
        let ring = self.keys.load_full();
        if !ring.is_of(&rows) {
            let ring = match store.open(rows)? {
                Some(ring) if ring.has_next => ring,
                Some(_) | None => store.load().await?,
            };
            info!(key = ring.signer.id.as_str(); "signing keys read again");
            self.keys.store(Arc::new(ring));
        }
        let signs_since = self.keys.load().active_since;
        if signs_since.is_some_and(|since| since.plus(ROTATE_AFTER) <= self.clock.now()) {
            store.rotate().await?;
            self.keys.store(Arc::new(store.load().await?));
            info!("signing keys rotated: the last one has signed for 90 days");
        }
        Ok(())
    }
}
