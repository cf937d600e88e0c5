//! A sliding window of events that are counted: attempts, sends.

use sea_orm::entity::prelude::*;

/// A sliding window of events that are counted: attempts, sends.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "windows")]
pub struct Model {
    /// What is counted, with a fingerprint of whom.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// Epoch milliseconds, ascending, comma-separated.
    pub times: String,
    /// When nothing in it counts any more.
    pub expires_at: i64,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
