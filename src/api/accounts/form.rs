//! What the forms of the six routes check before the rules are asked.

use crate::api::error::Refusal;
use crate::auth::{AccountSettings, Password};

pub(super) const EMAIL_REQUIRED: &str = "Email is required.";
pub(super) const PASSWORD_REQUIRED: &str = "Password is required";
pub(super) const TOKEN_REQUIRED: &str = "Token is required.";
pub(super) const PASSWORDS_DIFFER: &str = "The password and confirmation password do not match.";

/// What is wrong with a form, in the order in which it is told.
#[derive(Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    /// The member; if there is nothing but blanks, `text` is a fault.
    pub(super) fn required(&mut self, member: Option<String>, text: &str) -> String {
        let member = member.unwrap_or_default();
        if member.trim().is_empty() {
            self.add(text);
        }
        member
    }

    /// Adds a fault.
    pub(super) fn add(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    /// Adds what the rules have against a new password.
    pub(super) fn add_password(&mut self, password: &Password, settings: &AccountSettings) {
        self.0.extend(password.faults(settings).into_iter().map(|fault| fault.message));
    }

    /// Whether the form is sound so far.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses a form that is not sound.
    pub(super) fn refuse(self) -> Result<(), Refusal> {
        if self.is_empty() { Ok(()) } else { Err(self.into()) }
    }
}

impl From<Faults> for Refusal {
    fn from(faults: Faults) -> Self {
        Self::Malformed(faults.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_as_good_as_nothing() {
        let mut faults = Faults::default();
        let email = faults.required(Some(" a ".to_owned()), EMAIL_REQUIRED);
        assert!(faults.is_empty());

        faults.required(None, PASSWORD_REQUIRED);
        faults.required(Some(" ".to_owned()), TOKEN_REQUIRED);

        assert_eq!(email, " a ");
        assert!(
            matches!(faults.refuse(), Err(Refusal::Malformed(texts)) if texts == [PASSWORD_REQUIRED, TOKEN_REQUIRED])
        );
    }
}
