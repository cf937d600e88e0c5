//! The audit trail; rows are only added.

use sea_orm::entity::prelude::*;

/// The audit trail; rows are only added.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    /// Orders what happened in one millisecond: greater, later.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// When it happened.
    pub at: i64,
    /// Stable name.
    pub event: String,
    /// Address of the client; empty if no request caused it.
    pub address: String,
    /// JSON object, masked.
    pub detail: String,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
