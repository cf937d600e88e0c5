//! What every form of the six routes checks before the rules are asked.

use crate::api::error::Refusal;

pub(super) const EMAIL_REQUIRED: &str = "Email is required.";
pub(super) const PASSWORD_REQUIRED: &str = "Password is required";
pub(super) const PROVIDER_REQUIRED: &str = "Provider is required.";
pub(super) const TOKEN_REQUIRED: &str = "Token is required.";
pub(super) const PASSWORDS_DIFFER: &str = "The password and confirmation password do not match.";

/// What is missing in a form so far.
#[derive(Default)]
pub(super) struct Missing(Vec<String>);

impl Missing {
    /// The member, or an empty text and a note that it is missing; blanks count as nothing.
    pub(super) fn unless(&mut self, member: Option<String>, text: &str) -> String {
        let member = member.unwrap_or_default();
        if member.trim().is_empty() {
            self.0.push(text.to_owned());
        }
        member
    }

    /// Refuses the form if something is missing.
    pub(super) fn refuse(self) -> Result<(), Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Malformed(self.0)) }
    }

    /// The notes.
    pub(super) fn into_texts(self) -> Vec<String> {
        self.0
    }

    /// Adds a note.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.0.push(text.into());
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
