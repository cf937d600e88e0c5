//! A browser or app whose owner asked to be spared the second step in it.

use sea_orm::entity::prelude::*;

/// A browser or app whose owner asked to be spared the second step in it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trusted_devices")]
pub struct Model {
    /// Id, as its owner sees it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The owner.
    pub user_id: Uuid,
    /// SHA-256 of the token, base64url.
    #[sea_orm(unique)]
    pub digest: String,
    /// The challenge of the sign-in that asked for it.
    pub challenge_id: String,
    /// Address of the client that asked.
    pub address: String,
    /// Its `User-Agent`, cut to 255 bytes.
    pub user_agent: String,
    /// When it was made.
    pub created_at: i64,
    /// From when on the second step is asked for again.
    pub expires_at: i64,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
