//! One account.

use sea_orm::entity::prelude::*;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Random id, the `sub` of tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The address as its owner writes it.
    pub email: String,
    /// The one spelling of the address: NFKC, trimmed, case-folded.
    pub email_key: String,
    /// PHC string.
    pub password_hash: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// BCP 47 tag.
    pub locale: Option<String>,
    /// JSON array of role names.
    pub roles: String,
    /// Whether the owner has shown that mail reaches them.
    pub email_confirmed: bool,
    /// When that was, if it is known.
    pub email_confirmed_at: Option<i64>,
    /// Whether a right password asks for a second step.
    pub two_factor_enabled: bool,
    /// Name of a provider.
    pub preferred_provider: Option<String>,
    /// E.164.
    pub phone_number: Option<String>,
    /// Whether a code sent to the number was given back.
    pub phone_confirmed: bool,
    /// When that was, if it is known.
    pub phone_confirmed_at: Option<i64>,
    /// When an operator switched the account off.
    pub disabled_at: Option<i64>,
    /// Changes with the password; links and challenges of an older stamp are dead.
    pub security_stamp: String,
    /// When it was made.
    pub created_at: i64,
    /// When it was last written.
    pub updated_at: i64,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
