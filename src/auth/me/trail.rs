//! The account's own audit trail.

use entity::event;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

use super::{Auth, MeError};
use crate::auth::Client;
use crate::clock::Timestamp;
use crate::token::Claims;

/// More are not listed.
const MOST: u64 = 200;

/// Something that happened to the account.
pub struct EventView {
    /// Unique, and worth nothing.
    pub id: Uuid,
    /// When it happened.
    pub at: Timestamp,
    /// Stable name.
    pub event: String,
    /// Address of the client; empty if no request caused it.
    pub address: String,
    /// An object, masked.
    pub detail: serde_json::Value,
}

impl Auth {
    /// What happened to the account of the token's owner, newest first.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn events(&self, claims: &Claims, client: &Client) -> Result<Vec<EventView>, MeError> {
        let owner = self.owner(claims, client).await?;
        let rows = event::Entity::find()
            .filter(event::Column::UserId.eq(owner.user.id))
            .order_by_desc(event::Column::At)
            .order_by_desc(event::Column::Id)
            .limit(MOST)
            .all(&self.0.db)
            .await?;
        let view = |row: event::Model| EventView {
            id: row.id,
            at: Timestamp::from_millis(row.at),
            event: row.event,
            address: row.address,
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(view).collect())
    }
}
