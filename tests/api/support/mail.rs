//! Reading mails as their receivers do.

use super::{Link, Mail};

pub(crate) const CONFIRMATION: &str = "Email Confirmation token";
pub(crate) const RESET: &str = "Reset password token";
pub(crate) const CODE: &str = "Authentication token";
pub(crate) const LOCKED: &str = "Locked out account information";

impl Mail {
    pub(crate) fn is_to(&self, address: &str) -> bool {
        self.to.iter().any(|to| to.eq_ignore_ascii_case(address))
    }

    /// Lines of the plain part that are digits alone.
    pub(crate) fn digit_lines(&self) -> Vec<String> {
        digit_lines(&self.text)
    }

    /// The code of a code mail.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let lines = self.digit_lines();
        assert_eq!(lines.len(), 1, "one code on a line of its own: {}", self.text);
        lines[0].clone()
    }

    /// The link with a token.
    #[track_caller]
    pub(crate) fn link(&self) -> Link {
        let mut words = self.text.split_whitespace().filter(|word| word.contains("token="));
        Link::parse(words.next().unwrap_or_else(|| panic!("no link in {}", self.text)))
    }

    /// Whether any part holds a link that does something.
    pub(crate) fn has_token(&self) -> bool {
        self.text.contains("token=") || self.html.contains("token=")
    }
}

pub(crate) fn digit_lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

/// A code that is not `code`.
pub(crate) fn wrong(code: &str) -> String {
    let last = code.bytes().last().unwrap();
    let other = if last == b'9' { '0' } else { char::from(last + 1) };
    format!("{}{other}", &code[..code.len() - 1])
}
