//! A link sent by mail: confirmation, reset.

use sea_orm::entity::prelude::*;

/// A link sent by mail: confirmation, reset.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "links")]
pub struct Model {
    /// Random id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// What it is for.
    pub purpose: String,
    /// SHA-256 of the token, base64url.
    pub digest: String,
    /// Sealed: what takes effect when the link is opened.
    pub pending: Option<Vec<u8>>,
    /// The user's stamp when the link was made.
    pub security_stamp: String,
    /// When it was made.
    pub created_at: i64,
    /// From when on it is dead.
    pub expires_at: i64,
    /// When it was used up.
    pub consumed_at: Option<i64>,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
