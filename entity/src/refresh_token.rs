//! One refresh token of a session's chain; its successor is derived from it and not kept.

use sea_orm::entity::prelude::*;

/// One refresh token of a session's chain; its successor is derived from it and not kept.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_tokens")]
pub struct Model {
    /// SHA-256 of the token, base64url.
    #[sea_orm(primary_key, auto_increment = false)]
    pub digest: String,
    /// The session.
    pub session_id: Uuid,
    /// When it was made.
    pub created_at: i64,
    /// From when on it is dead if it is not used.
    pub expires_at: i64,
    /// When it was exchanged for its successor.
    pub used_at: Option<i64>,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
