//! Registration and the confirmation of an address.

use super::{Auth, Busy, FieldError, Password, Unexpected};

/// What somebody registers with.
pub struct Registration {
    /// As typed.
    pub email: String,
    /// As typed, normalised.
    pub password: Password,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Where the confirmation link starts.
    pub client_uri: Option<String>,
}

/// Why somebody was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Something about the input.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// The `clientURI` may not be linked to.
    #[error("the clientURI is not allowed")]
    RefusedTarget,
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

/// Why an address was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Wrong, used, expired, or of another purpose or user: alike.
    #[error("invalid link")]
    InvalidLink,
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl Auth {
    /// Registers an account, whole or not at all. A taken address is answered like a free one, and its owner is mailed.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub async fn register(&self, registration: Registration) -> Result<(), RegisterError> {
        todo!()
    }

    /// Opens a confirmation link, once. `email` is what the link names; it must be the account's.
    ///
    /// # Errors
    /// [`ConfirmError`]
    pub async fn confirm_email(&self, email: &str, token: &str) -> Result<(), ConfirmError> {
        todo!()
    }
}
