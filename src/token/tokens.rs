//! Minting and checking access tokens.

use std::sync::Arc;

use sea_orm::DatabaseConnection;

use super::{AccessToken, Claims, Grant, KeyError, KeySummary, Rejected, TokenSettings};
use crate::clock::Clock;
use crate::vault::Vault;

/// Mints and checks access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens {}

impl Tokens {
    /// Loads the signing keys, and makes the first one if there is none.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn load(
        settings: &TokenSettings,
        db: &DatabaseConnection,
        vault: &Vault,
        clock: Clock,
    ) -> Result<Self, KeyError> {
        todo!()
    }

    /// Mints an access token.
    ///
    /// # Errors
    /// [`KeyError`] when the key does not sign.
    pub fn issue(&self, grant: &Grant) -> Result<AccessToken, KeyError> {
        todo!()
    }

    /// Checks a token without a database read: signature, algorithm, type, issuer, audience, times (RFC 8725, RFC 9068).
    ///
    /// # Errors
    /// [`Rejected`]
    pub fn verify(&self, token: &str) -> Result<Arc<Claims>, Rejected> {
        todo!()
    }

    /// The public keys (RFC 7517); no keys with HS256.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        todo!()
    }

    /// Every key in the database, newest first.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn list(db: &DatabaseConnection) -> Result<Vec<KeySummary>, KeyError> {
        todo!()
    }
}
