//! The keys of one algorithm at work: the one that signs, the next one, and those whose tokens still live.

use std::sync::Arc;
use std::time::Duration;

use entity::signing_key::Model;
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

use super::key::SigningKey;
use super::keys::generation;
use super::{Algorithm, KeyError};
use crate::clock::Timestamp;
use crate::vault::{Use, Vault};

/// What another instance may go on signing with a key that was retired: it looks for changes every second.
const SLACK: Duration = Duration::from_secs(10);

/// A key, and until when it counts.
struct Held {
    key: Arc<SigningKey>,
    /// When the last token that it signed has expired; `None` while it signs or is the next.
    dead_at: Option<Timestamp>,
}

/// The keys of one algorithm.
pub(super) struct KeyRing {
    pub(super) signer: Arc<SigningKey>,
    /// When the signer began to sign; `None` for one that is not kept in the database.
    pub(super) active_since: Option<Timestamp>,
    /// Whether a next key is published.
    pub(super) has_next: bool,
    all: Vec<Held>,
    rows: Vec<Model>,
}

impl KeyRing {
    /// A ring of one key that is not kept in the database.
    pub(super) fn of(key: SigningKey) -> Self {
        let signer = Arc::new(key);
        let all = vec![Held { key: Arc::clone(&signer), dead_at: None }];
        Self { all, signer, active_since: None, has_next: false, rows: Vec::new() }
    }

    /// Opens `rows`; `None` when no key signs. `lifetime` is that of an access token.
    pub(super) fn open(
        algorithm: Algorithm,
        rows: Vec<Model>,
        vault: &Vault,
        lifetime: Duration,
    ) -> Result<Option<Self>, KeyError> {
        let mut all = Vec::with_capacity(rows.len());
        let mut newest: Option<(&Model, Arc<SigningKey>)> = None;
        for row in &rows {
            // The public part comes from the sealed private one: whoever can write to the table cannot slip in a key.
            let document = vault.open(Use::SigningKey, row.id.as_bytes(), &row.private_key)?;
            let key = Arc::new(SigningKey::from_pkcs8(algorithm, &document)?);
            all.push(Held { key: Arc::clone(&key), dead_at: dead_at(row, lifetime) });
            let is_newer = newest.as_ref().is_none_or(|(newest, _)| generation(newest) < generation(row));
            if row.retired_at.is_none() && row.activated_at.is_some() && is_newer {
                newest = Some((row, key));
            }
        }
        let Some((row, signer)) = newest else { return Ok(None) };
        let active_since = row.activated_at.map(Timestamp::from_millis);
        let has_next = rows.iter().any(is_next);
        Ok(Some(Self { signer, active_since, has_next, all, rows }))
    }

    /// Whether this ring was made of these rows.
    pub(super) fn is_of(&self, rows: &[Model]) -> bool {
        self.rows == rows
    }

    /// The public key with that `kid`, unless all of its tokens have expired.
    pub(super) fn find(&self, id: &str, now: Timestamp) -> Option<&DecodingKey> {
        self.living(now).find(|key| key.id == id).map(|key| &key.decoding)
    }

    /// The public keys (RFC 7517 section 5): next, current and retiring.
    pub(super) fn public(&self, now: Timestamp) -> Value {
        let keys: Vec<_> = self.living(now).filter_map(|key| key.public.as_ref()).collect();
        json!({ "keys": keys })
    }

    fn living(&self, now: Timestamp) -> impl Iterator<Item = &SigningKey> {
        self.all.iter().filter(move |held| held.dead_at.is_none_or(|dead| now < dead)).map(|held| &*held.key)
    }
}

/// Whether a key waits to sign.
pub(super) fn is_next(row: &Model) -> bool {
    row.activated_at.is_none() && row.retired_at.is_none()
}

/// When the last token of a retired key has expired.
pub(super) fn dead_at(row: &Model, lifetime: Duration) -> Option<Timestamp> {
    row.retired_at.map(|at| Timestamp::from_millis(at).plus(lifetime).plus(SLACK))
}
