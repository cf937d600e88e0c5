//! A forgotten password: the mailed link, and the new password.

use super::{Auth, Busy, FieldError, Password, Unexpected};

/// Why no reset was begun.
#[derive(Debug, thiserror::Error)]
pub enum ForgotError {
    /// The address is none.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// The `clientURI` may not be linked to.
    #[error("the clientURI is not allowed")]
    RefusedTarget,
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

/// A new password by a mailed link.
pub struct ResetRequest {
    /// What the link names.
    pub email: String,
    /// The token of the link.
    pub token: String,
    /// The new one.
    pub password: Password,
}

/// Why no password was set.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// Wrong, used, expired, or of another purpose or user: alike.
    #[error("invalid link")]
    InvalidLink,
    /// The password breaks a rule; the link is not used up.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl Auth {
    /// Mails a reset link if the address belongs to a confirmed account; the answer is the same either way.
    ///
    /// # Errors
    /// [`ForgotError`]
    pub async fn forgot_password(&self, email: &str, client_uri: Option<&str>) -> Result<(), ForgotError> {
        todo!()
    }

    /// Sets a new password by a mailed link, once; ends sessions, challenges and other links, lifts a lock.
    ///
    /// # Errors
    /// [`ResetError`]
    pub async fn reset_password(&self, request: ResetRequest) -> Result<(), ResetError> {
        todo!()
    }
}
