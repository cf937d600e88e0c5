//! Wrong passwords in a row for an address, or for one known browser of an account.

use sea_orm::entity::prelude::*;

/// Wrong passwords in a row for an address, or for one known browser of an account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lockouts")]
pub struct Model {
    /// Fingerprint of the address or browser.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// The account, if it is a browser's: its locks are lifted with the account's. An address may be nobody's.
    pub user_id: Option<Uuid>,
    /// Wrong ones in a row.
    pub failures: i32,
    /// Until when it is locked.
    pub locked_until: Option<i64>,
    /// When it was last written.
    pub updated_at: i64,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
