//! Signing keys: made once, kept sealed.

use std::sync::Arc;

use entity::signing_key::{ActiveModel, Column, Entity, Model};
use jsonwebtoken::DecodingKey;
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
    SqlErr,
};
use serde_json::{Value, json};

use super::Algorithm;
use super::key::{SigningKey, generate};
use crate::clock::{Clock, Timestamp};
use crate::vault::{Use, Vault};

/// A signing key cannot be made, opened or stored.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database refused.
    #[error("the database refused a signing key")]
    Database(#[from] sea_orm::DbErr),
    /// It is sealed under another `secrets.key`.
    #[error("a signing key is sealed under another secrets.key")]
    Sealed(#[from] crate::vault::CannotOpen),
    /// It is not what it should be.
    #[error("a signing key is unusable: {0}")]
    Unusable(String),
}

impl From<jsonwebtoken::errors::Error> for KeyError {
    fn from(cause: jsonwebtoken::errors::Error) -> Self {
        Self::Unusable(cause.to_string())
    }
}

impl From<serde_json::Error> for KeyError {
    fn from(cause: serde_json::Error) -> Self {
        Self::Unusable(cause.to_string())
    }
}

/// A key as `twostep keys list` shows it.
#[derive(Clone, Debug)]
pub struct KeySummary {
    /// `kid`
    pub id: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
}

impl TryFrom<Model> for KeySummary {
    type Error = KeyError;

    fn try_from(row: Model) -> Result<Self, KeyError> {
        let algorithm = Algorithm::from_name(&row.algorithm)
            .ok_or_else(|| KeyError::Unusable(format!("{} is of an unknown algorithm", row.id)))?;
        Ok(Self {
            id: row.id,
            algorithm,
            created_at: Timestamp::from_millis(row.created_at),
            retired_at: row.retired_at.map(Timestamp::from_millis),
        })
    }
}

/// The keys of one algorithm: the one that signs, and all that verify.
pub(super) struct KeyRing {
    pub(super) signer: Arc<SigningKey>,
    all: Vec<Arc<SigningKey>>,
}

impl KeyRing {
    /// A ring of one key that is not kept in the database.
    pub(super) fn of(key: SigningKey) -> Self {
        let signer = Arc::new(key);
        Self { all: vec![Arc::clone(&signer)], signer }
    }

    /// The keys in the database; the first one is made if none signs. Two processes that start at once end with one key.
    pub(super) async fn load(
        algorithm: Algorithm,
        db: &DatabaseConnection,
        vault: &Vault,
        clock: &Clock,
    ) -> Result<Self, KeyError> {
        let rows = rows(algorithm, db).await?;
        if let Some(ring) = Self::open(algorithm, &rows, vault)? {
            return Ok(ring);
        }
        make(algorithm, rows.iter().map(generation).max().unwrap_or(0) + 1, db, vault, clock).await?;
        let rows = self::rows(algorithm, db).await?;
        Self::open(algorithm, &rows, vault)?
            .ok_or_else(|| KeyError::Unusable("the one just made is gone".to_owned()))
    }

    /// `None` when no key signs.
    fn open(algorithm: Algorithm, rows: &[Model], vault: &Vault) -> Result<Option<Self>, KeyError> {
        let mut all = Vec::with_capacity(rows.len());
        let mut newest: Option<(u32, Arc<SigningKey>)> = None;
        for row in rows {
            // The public part comes from the sealed private one: whoever can write to the table cannot slip in a key.
            let document = vault.open(Use::SigningKey, row.id.as_bytes(), &row.private_key)?;
            let key = Arc::new(SigningKey::from_pkcs8(algorithm, &document)?);
            all.push(Arc::clone(&key));
            let is_newer = newest.as_ref().is_none_or(|(newest, _)| *newest < generation(row));
            if row.retired_at.is_none() && is_newer {
                newest = Some((generation(row), key));
            }
        }
        Ok(newest.map(|(_, signer)| Self { signer, all }))
    }

    /// The public key with that `kid`.
    pub(super) fn find(&self, id: &str) -> Option<&DecodingKey> {
        self.all.iter().find(|key| key.id == id).map(|key| &key.decoding)
    }

    /// The public keys (RFC 7517 section 5).
    pub(super) fn public(&self) -> Result<Value, KeyError> {
        let keys: Vec<_> = self.all.iter().filter_map(|key| key.public.as_ref()).collect();
        Ok(json!({ "keys": serde_json::to_value(keys)? }))
    }
}

/// Every key in the database, newest first.
pub(super) async fn list(db: &DatabaseConnection) -> Result<Vec<KeySummary>, KeyError> {
    let rows = Entity::find().order_by_desc(Column::CreatedAt).order_by_desc(Column::Slot).all(db).await?;
    rows.into_iter().map(KeySummary::try_from).collect()
}

async fn rows(algorithm: Algorithm, db: &DatabaseConnection) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Algorithm.eq(algorithm.as_str()))
        .order_by_desc(Column::CreatedAt)
        .all(db)
        .await
}

/// Makes and stores the key of a generation, unless another process did so meanwhile: its slot is unique.
async fn make(
    algorithm: Algorithm,
    generation: u32,
    db: &DatabaseConnection,
    vault: &Vault,
    clock: &Clock,
) -> Result<(), KeyError> {
    let document = tokio::task::spawn_blocking(move || generate(algorithm))
        .await
        .map_err(|_| KeyError::Unusable("making it was broken off".to_owned()))??;
    let key = SigningKey::from_pkcs8(algorithm, &document)?;
    let public = serde_json::to_string(&key.public)?;
    let row = ActiveModel {
        slot: Set(format!("{}/{generation}", algorithm.as_str())),
        algorithm: Set(algorithm.as_str().to_owned()),
        private_key: Set(vault.seal(Use::SigningKey, key.id.as_bytes(), &document)),
        public_jwk: Set(public),
        created_at: Set(clock.now().millis()),
        retired_at: Set(None),
        id: Set(key.id),
    };
    match Entity::insert(row).exec_without_returning(db).await {
        Ok(_) => Ok(()),
        Err(cause) if matches!(cause.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}

/// The number in a slot such as `EdDSA/1`.
fn generation(row: &Model) -> u32 {
    row.slot.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
