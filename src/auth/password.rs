//! Passwords: normalisation, rules, the list of common ones.

use zeroize::Zeroizing;

use super::{AccountSettings, FieldError};

/// A password in clear, after NFKC. No `Debug`, no `Serialize`.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Normalises what somebody typed (NFKC; nothing is trimmed or cut).
    #[must_use]
    pub fn new(typed: &str) -> Self {
        todo!()
    }

    /// The bytes that are hashed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Everything that the rules have against it as a new password, in ASP.NET's texts and order; empty if nothing.
    #[must_use]
    pub fn faults(&self, settings: &AccountSettings) -> Vec<FieldError> {
        todo!()
    }
}
