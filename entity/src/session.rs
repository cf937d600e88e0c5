//! One sign-in.

use sea_orm::entity::prelude::*;

/// One sign-in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// The `sid` of tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// JSON array, the `amr` of tokens.
    pub methods: String,
    /// When the password was given.
    pub auth_time: i64,
    /// Address of the client; empty if no request caused it.
    pub address: String,
    /// `User-Agent` of the client, cut.
    pub user_agent: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was last used.
    pub last_used_at: i64,
    /// From when on it is dead.
    pub expires_at: i64,
    /// When it was ended before its time.
    pub ended_at: Option<i64>,
    /// The challenge that led to it, which may be gone; none after a password alone.
    pub challenge_id: Option<String>,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
