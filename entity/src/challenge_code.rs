//! The code of one provider in a challenge.

use sea_orm::entity::prelude::*;

/// The code of one provider in a challenge.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenge_codes")]
pub struct Model {
    /// The challenge.
    #[sea_orm(primary_key, auto_increment = false)]
    pub challenge_id: String,
    /// Name of the provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// HMAC-SHA-256 of the code, bound to its challenge, purpose, provider and destination.
    pub mac: Vec<u8>,
    /// Sealed: the code, as long as it may be sent again.
    pub code: Option<Vec<u8>>,
    /// Sealed: where the code went.
    pub destination: Vec<u8>,
    /// The queued message.
    pub message_id: Uuid,
    /// When its message was queued.
    pub sent_at: i64,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
