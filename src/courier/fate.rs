//! What became of messages, for those who wait for them.

use std::collections::HashMap;

use entity::message::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::message::Carrier;
use super::queue::Courier;
use crate::clock::Timestamp;

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It waits, is being handed over, or is to be tried again.
    Queued,
    /// A gateway has it.
    Sent,
    /// It will not be sent any more: refused for good, expired, or never to be sent.
    Failed,
}

/// How far a message has come, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryState {
    /// How far it has come.
    pub status: DeliveryStatus,
    /// When it came there.
    pub at: Timestamp,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// How far it has come.
    pub state: DeliveryState,
    /// Who carries it, or did.
    pub carrier: Carrier,
}

type Row = (Uuid, String, String, i64, i64, Option<i64>);

impl Courier {
    /// What became of the messages `ids`; those that were removed, a day after their end, are left out. Expiry is judged now, not when
    /// the table was last swept.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fate(&self, db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Fate>, DbErr> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<Row> = Entity::find()
            .select_only()
            .columns([Column::Id, Column::Carrier, Column::Status])
            .columns([Column::CreatedAt, Column::ExpiresAt, Column::FinishedAt])
            .filter(Column::Id.is_in(ids.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        let now = self.now();
        let fate = |row: &Row| Fate { state: state(row, now), carrier: Carrier::from_column(&row.1) };
        Ok(rows.iter().map(|row| (row.0, fate(row))).collect())
    }
}

fn state((_, _, status, created_at, expires_at, finished_at): &Row, now: Timestamp) -> DeliveryState {
    let (status, at) = match status.as_str() {
        "queued" if *expires_at > now.millis() => (DeliveryStatus::Queued, *created_at),
        "sent" => (DeliveryStatus::Sent, finished_at.unwrap_or(*created_at)),
        // Failed, expired, a decoy, or overdue and not swept yet.
        _ => (DeliveryStatus::Failed, finished_at.unwrap_or(*expires_at)),
    };
    DeliveryState { status, at: Timestamp::from_millis(at) }
}
