//! A message to be handed to a gateway, at least once, until it expires.

use sea_orm::entity::prelude::*;

/// A message to be handed to a gateway, at least once, until it expires.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    /// Random id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which gateway takes it: `mail`, or the name of a provider.
    pub carrier: String,
    /// 0 codes, 1 notices.
    pub priority: i32,
    /// Fingerprint of the destination.
    pub recipient: String,
    /// Sealed message; wiped once handed over, failed or expired.
    pub body: Option<Vec<u8>>,
    /// queued, sent, failed, expired or void.
    pub status: String,
    /// Hand-overs begun.
    pub attempts: i32,
    /// When it is due.
    pub next_attempt_at: i64,
    /// Until when one process has it.
    pub lease_until: Option<i64>,
    /// When it was made.
    pub created_at: i64,
    /// From when on it is dead.
    pub expires_at: i64,
    /// When it was sent, failed or expired.
    pub finished_at: Option<i64>,
    /// Stable code of the last failure.
    pub failure: Option<String>,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
