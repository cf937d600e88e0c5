//! Mail addresses: how they are checked, and the one spelling that an account has.

/// A checked mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress {
    display: String,
    key: String,
}

impl EmailAddress {
    /// Checks `text` and finds its one spelling: NFKC, trimmed, case-folded.
    ///
    /// # Errors
    /// When it is no mail address, or has format, bidi or control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        todo!()
    }

    /// As its owner writes it, trimmed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.display
    }

    /// The one spelling.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// The text is no mail address that is accepted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address")]
pub struct InvalidEmail;
