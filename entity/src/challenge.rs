//! One pending second step.

use sea_orm::entity::prelude::*;

/// One pending second step.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "challenges")]
pub struct Model {
    /// SHA-256 of the public id, base64url.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Whose it is.
    pub user_id: Uuid,
    /// What it is for.
    pub purpose: String,
    /// The provider in use.
    pub provider: String,
    /// The user's stamp when it was opened.
    pub security_stamp: String,
    /// Address of the client that gave the password.
    pub client_address: String,
    /// Guesses judged so far.
    pub attempts: i32,
    /// Messages sent so far.
    pub sends: i32,
    /// When it was made.
    pub created_at: i64,
    /// From when on it is dead.
    pub expires_at: i64,
    /// When a right code used it up.
    pub consumed_at: Option<i64>,
    /// When it was ended without a sign-in.
    pub closed_at: Option<i64>,
}

/// None: queries name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
