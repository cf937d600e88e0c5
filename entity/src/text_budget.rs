//! Texts that a provider was asked to send in one slice of its budget's period.

use sea_orm::entity::prelude::*;

/// Texts that a provider was asked to send in one slice of its budget's period.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "text_budgets")]
pub struct Model {
    /// Name of the provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// Beginning of the slice.
    #[sea_orm(primary_key, auto_increment = false)]
    pub slot: i64,
    /// Texts of every kind.
    pub sent: i32,
    /// Those of them that confirm a number.
    pub confirmations: i32,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
