//! What the account has failed with one provider.

use sea_orm::entity::prelude::*;

/// What the account has failed with one provider.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "factors")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// Name of the provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// Wrong codes in a row.
    pub failures: i32,
    /// When too many wrong codes switched it off.
    pub disabled_at: Option<i64>,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
