//! Signing keys in the database: made once, kept sealed, retired by a rotation.

use std::time::Duration;

use entity::signing_key::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, DatabaseConnection, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, Set,
    SqlErr, TransactionTrait as _,
};

use super::Algorithm;
use super::key::{SigningKey, generate};
use super::ring::{KeyRing, dead_at, is_next};
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
    /// From when on it signs; the next key has none.
    pub activated_at: Option<Timestamp>,
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
            activated_at: row.activated_at.map(Timestamp::from_millis),
            retired_at: row.retired_at.map(Timestamp::from_millis),
        })
    }
}

/// The keys of one algorithm in the database.
pub(super) struct KeyStore {
    pub(super) algorithm: Algorithm,
    pub(super) db: DatabaseConnection,
    pub(super) vault: Vault,
    pub(super) clock: Clock,
    /// Life of an access token.
    pub(super) lifetime: Duration,
}

impl KeyStore {
    /// The keys; the first one and the next one are made if they are missing. Two processes that start at once end with
    /// the same.
    pub(super) async fn load(&self) -> Result<KeyRing, KeyError> {
        let rows = self.rows().await?;
        let last = rows.iter().map(generation).max().unwrap_or(0);
        let signs = rows.iter().any(|row| row.activated_at.is_some() && row.retired_at.is_none());
        if !signs {
            self.make(last + 1, Some(self.clock.now())).await?;
        }
        if !rows.iter().any(is_next) {
            self.make(if signs { last + 1 } else { last + 2 }, None).await?;
        }
        let rows = self.rows().await?;
        self.open(rows)?.ok_or_else(|| KeyError::Unusable("the one just made is gone".to_owned()))
    }

    /// The ring of `rows`.
    pub(super) fn open(&self, rows: Vec<Model>) -> Result<Option<KeyRing>, KeyError> {
        KeyRing::open(self.algorithm, rows, &self.vault, self.lifetime)
    }

    pub(super) async fn rows(&self) -> Result<Vec<Model>, DbErr> {
        Entity::find()
            .filter(Column::Algorithm.eq(self.algorithm.as_str()))
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Slot)
            .all(&self.db)
            .await
    }

    /// The next key signs from now on, the one that signed is retired, and another next one is made. False if another
    /// process has done so meanwhile.
    pub(super) async fn rotate(&self) -> Result<bool, KeyError> {
        self.load().await?;
        let rows = self.rows().await?;
        let Some(next) = rows.iter().find(|row| is_next(row)) else { return Ok(false) };
        if !self.activate(&next.id).await? {
            return Ok(false);
        }
        self.load().await?;
        Ok(true)
    }

    /// One transaction, and one guarded statement decides: the key signs, and those that signed are retired.
    pub(super) async fn activate(&self, id: &str) -> Result<bool, KeyError> {
        let now = self.clock.now().millis();
        let tx = self.db.begin().await?;
        let activated = Entity::update_many()
            .col_expr(Column::ActivatedAt, Expr::value(now))
            .filter(Column::Id.eq(id))
            .filter(Column::ActivatedAt.is_null())
            .filter(Column::RetiredAt.is_null())
            .exec(&tx)
            .await?;
        if activated.rows_affected != 1 {
            return Ok(false);
        }
        Entity::update_many()
            .col_expr(Column::RetiredAt, Expr::value(now))
            .filter(Column::Algorithm.eq(self.algorithm.as_str()))
            .filter(Column::Id.ne(id))
            .filter(Column::ActivatedAt.is_not_null())
            .filter(Column::RetiredAt.is_null())
            .exec(&tx)
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes the keys whose last token has expired; tells how many.
    pub(super) async fn prune(&self, rows: &[Model]) -> Result<u64, DbErr> {
        let now = self.clock.now();
        let is_dead = |row: &&Model| dead_at(row, self.lifetime).is_some_and(|dead| dead <= now);
        let dead: Vec<_> = rows.iter().filter(is_dead).map(|row| row.id.clone()).collect();
        if dead.is_empty() {
            return Ok(0);
        }
        Ok(Entity::delete_many().filter(Column::Id.is_in(dead)).exec(&self.db).await?.rows_affected)
    }

    /// Makes and stores the key of a generation, unless another process did so meanwhile: its slot is unique.
    async fn make(&self, generation: u32, activated_at: Option<Timestamp>) -> Result<(), KeyError> {
        let algorithm = self.algorithm;
        let document = tokio::task::spawn_blocking(move || generate(algorithm))
            .await
            .map_err(|_| KeyError::Unusable("making it was broken off".to_owned()))??;
        let key = SigningKey::from_pkcs8(algorithm, &document)?;
        let public = serde_json::to_string(&key.public)?;
        let row = ActiveModel {
            slot: Set(format!("{}/{generation}", algorithm.as_str())),
            algorithm: Set(algorithm.as_str().to_owned()),
            private_key: Set(self.vault.seal(Use::SigningKey, key.id.as_bytes(), &document)),
            public_jwk: Set(public),
            created_at: Set(self.clock.now().millis()),
            activated_at: Set(activated_at.map(Timestamp::millis)),
            retired_at: Set(None),
            id: Set(key.id),
        };
        match Entity::insert(row).exec_without_returning(&self.db).await {
            Ok(_) => Ok(()),
            Err(cause) if matches!(cause.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(()),
            Err(cause) => Err(cause.into()),
        }
    }
}

/// Every key in the database, newest first.
pub(super) async fn list(db: &DatabaseConnection) -> Result<Vec<KeySummary>, KeyError> {
    let rows = Entity::find().order_by_desc(Column::CreatedAt).order_by_desc(Column::Slot).all(db).await?;
    rows.into_iter().map(KeySummary::try_from).collect()
}

/// The number in a slot such as `EdDSA/1`.
pub(super) fn generation(row: &Model) -> u32 {
    row.slot.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
