//! What an operator does with accounts (`twostep user …`).

mod add;
mod change;
mod look;

use entity::user;
use sea_orm::DbErr;

pub use add::PreparedUser;
pub(super) use change::erase;

use super::{Auth, Busy, EmailAddress, FieldError, Password, Unexpected, user as users};
use crate::clock::Timestamp;

/// Longest name of a role, in characters.
const LONGEST_ROLE: usize = 64;
/// What the column of the roles holds, in characters.
const LONGEST_ROLES: usize = 1024;

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

impl From<DbErr> for DirectoryError {
    fn from(error: DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

impl From<FieldError> for DirectoryError {
    fn from(fault: FieldError) -> Self {
        Self::Invalid(vec![fault])
    }
}

impl Auth {
    /// The user that an operator names by address.
    async fn named_user(&self, email: &str) -> Result<user::Model, DirectoryError> {
        let email = EmailAddress::from_field(email)?;
        users::find_by_email(&self.0.db, &email).await?.ok_or(DirectoryError::Unknown)
    }
}

/// Checks role names and drops repetitions.
fn checked_roles(roles: &[String]) -> Result<Vec<String>, FieldError> {
    let fault = |code, message| FieldError { field: "roles", code, message };
    let mut checked: Vec<String> = Vec::with_capacity(roles.len());
    for role in roles.iter().map(|role| role.trim()) {
        if role.is_empty() || role.chars().count() > LONGEST_ROLE || role.chars().any(char::is_control) {
            let message =
                format!("A role has 1 to {LONGEST_ROLE} characters, none of them a control character.");
            return Err(fault("invalid", message));
        }
        if !checked.iter().any(|known| known == role) {
            checked.push(role.to_owned());
        }
    }
    if users::roles_column(&checked).chars().count() > LONGEST_ROLES {
        return Err(fault("too_many", "These are too many roles for one user.".to_owned()));
    }
    Ok(checked)
}

#[cfg(test)]
mod tests;
