//! What an operator does with accounts (`twostep user …`).

use super::{Auth, Busy, FieldError, Password, Unexpected};
use crate::clock::Timestamp;

/// How an imported account proves itself.
pub enum ImportedPassword {
    /// A password in clear, to be hashed.
    Clear(Password),
    /// A PHC string (Argon2, bcrypt, scrypt, PBKDF2).
    Hash(String),
    /// None yet: the owner sets one by "forgot password".
    None,
}

/// An account to be made by an operator.
pub struct NewUser {
    /// Its address.
    pub email: String,
    /// Its password.
    pub password: ImportedPassword,
    /// Whether the address counts as confirmed.
    pub email_confirmed: bool,
    /// Whether the second step is on; absent: the configured default.
    pub two_factor_enabled: Option<bool>,
    /// E.164.
    pub phone_number: Option<String>,
    /// Whether the number counts as confirmed.
    pub phone_confirmed: bool,
    /// Its roles; empty: the configured default.
    pub roles: Vec<String>,
}

/// What `twostep user set` changes; `None` leaves as it is.
#[derive(Default)]
pub struct Change {
    /// The second step.
    pub two_factor_enabled: Option<bool>,
    /// Replaces all roles.
    pub roles: Option<Vec<String>>,
    /// Lifts a lock, clears counters, re-enables disabled factors.
    pub unlock: bool,
    /// Switches the account off (ends its sessions) or on.
    pub disabled: Option<bool>,
}

/// An account as an operator sees it.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserSummary {
    /// Id.
    pub id: uuid::Uuid,
    /// Address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Whether the address is confirmed.
    pub email_confirmed: bool,
    /// Whether the second step is on.
    pub two_factor_enabled: bool,
    /// The preferred provider.
    pub preferred_provider: Option<String>,
    /// E.164.
    pub phone_number: Option<String>,
    /// Whether the number is confirmed.
    pub phone_confirmed: bool,
    /// Roles.
    pub roles: Vec<String>,
    /// Until when the account is locked.
    pub locked_until: Option<Timestamp>,
    /// Since when it is switched off.
    pub disabled_at: Option<Timestamp>,
    /// Providers switched off by too many wrong codes.
    pub disabled_factors: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why an operator's command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// There is an account with this address.
    #[error("there is a user with this address already")]
    Taken,
    /// There is no account with this address.
    #[error("there is no user with this address")]
    Unknown,
    /// Something about the input.
    #[error("{}", .0.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" "))]
    Invalid(Vec<FieldError>),
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl Auth {
    /// Makes an account.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn add_user(&self, user: NewUser) -> Result<UserSummary, DirectoryError> {
        todo!()
    }

    /// Changes an account.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn change_user(&self, email: &str, change: Change) -> Result<UserSummary, DirectoryError> {
        todo!()
    }

    /// One account.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn show_user(&self, email: &str) -> Result<UserSummary, DirectoryError> {
        todo!()
    }

    /// Up to `limit` accounts after the one with the address `after`, ordered by address.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn list_users(
        &self,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<UserSummary>, DirectoryError> {
        todo!()
    }

    /// Deletes an account and all that hangs on it.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn delete_user(&self, email: &str) -> Result<(), DirectoryError> {
        todo!()
    }
}
