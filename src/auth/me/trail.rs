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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::event::{self as events, EventKind};
    use crate::auth::fixture;

    #[actix_web::test]
    async fn what_happened_in_one_millisecond_is_told_the_latest_first() {
        let house = fixture::house().await;
        let (db, now) = (house.db(), house.clock.now());
        let jo = fixture::insert_user(db, "jo@example.com").await;
        let claims = house.signed_in(&jo).await;
        let kind = EventKind::SignedOut;
        // A greater id is a later one, whatever the place of its row.
        for n in [2, 1, 3] {
            let id = Uuid::from_u128(n);
            events::record_as(db, id, jo.id, kind, None, &json!({ "n": n }), now).await.unwrap();
        }
        for n in 4..40 {
            events::record(db, jo.id, kind, None, &json!({ "n": n }), now).await.unwrap();
        }

        let told = house.auth.events(&claims, &fixture::client()).await.unwrap();

        let told: Vec<_> = told.iter().map(|event| event.detail["n"].as_u64().unwrap()).collect();
        assert_eq!(told, (1..40).rev().collect::<Vec<_>>());
    }
}
