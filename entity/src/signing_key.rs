//! A key that signs tokens.

use sea_orm::entity::prelude::*;

/// A key that signs tokens.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_keys")]
pub struct Model {
    /// The `kid`: RFC 7638 thumbprint.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Algorithm and generation; two starts at once make one key.
    pub slot: String,
    /// Name of RFC 7518 or 8037.
    pub algorithm: String,
    /// Sealed PKCS#8.
    pub private_key: Vec<u8>,
    /// RFC 7517.
    pub public_jwk: String,
    /// When it was made.
    pub created_at: i64,
    /// From when on it signs; a key without is the next one, published ahead.
    pub activated_at: Option<i64>,
    /// When it stopped signing.
    pub retired_at: Option<i64>,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
