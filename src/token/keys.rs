//! Signing keys: made once, kept sealed.

use crate::clock::Timestamp;

use super::Algorithm;

/// A signing key cannot be made, opened or stored.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database refused.
    #[error("the database refused a signing key")]
    Database(#[from] sea_orm::DbErr),
    /// It is sealed under another `secrets.key`.
    #[error("a signing key is sealed under another secrets.key")]
    Sealed(#[from] crate::vault::CannotOpen),
    /// It is not what it should be.
    #[error("a signing key is unusable: {0}")]
    Unusable(String),
}

/// A key as `twostep keys list` shows it.
#[derive(Clone, Debug)]
pub struct KeySummary {
    /// `kid`
    pub id: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
}
