//! An authenticator app of an account, and one that is being enrolled.

use sea_orm::entity::prelude::*;

/// An authenticator app of an account, and one that is being enrolled.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authenticators")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Sealed: the shared secret, once a code has confirmed it.
    pub secret: Option<Vec<u8>>,
    /// When that was.
    pub confirmed_at: Option<i64>,
    /// The newest time step (RFC 6238) that was accepted: none before it, nor it again, is.
    pub last_step: i64,
    /// Sealed: the secret that is shown and not confirmed yet.
    pub pending_secret: Option<Vec<u8>>,
    /// When that was drawn.
    pub pending_at: Option<i64>,
    /// Codes that were judged against it.
    pub pending_attempts: i32,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
