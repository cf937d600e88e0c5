//! Mail addresses: how they are checked, and the one spelling that an account has.

use caseless::Caseless as _;
use lettre::Address;
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

use super::FieldError;

/// Longest address, in bytes: RFC 5321 section 4.5.3.1.3, less the angle brackets.
const LONGEST: usize = 254;

/// A checked mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress {
    display: String,
    key: String,
}

impl EmailAddress {
    /// Checks `text` and finds its one spelling: NFKC, trimmed, case-folded.
    ///
    /// Refused are also quoted local parts and addresses of a bare IP: the first have many spellings, the second send
    /// the relay to hosts that nobody meant to open.
    ///
    /// # Errors
    /// When it is no mail address, or has format, bidi or control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let typed = text.trim();
        if typed.len() > LONGEST {
            return Err(InvalidEmail);
        }
        // RFC 6532 section 3.1: letters and their marks go composed.
        let display: String = typed.nfc().collect();
        let key = one_spelling(&display);
        if is_acceptable(&display) && is_acceptable(&key) {
            Ok(Self { display, key })
        } else {
            Err(InvalidEmail)
        }
    }

    /// [`EmailAddress::parse`] for a form: with what a person is told.
    ///
    /// # Errors
    /// When [`EmailAddress::parse`] refuses it, or there is nothing but blanks.
    pub fn from_field(text: &str) -> Result<Self, FieldError> {
        let fault = |code, message| FieldError { field: "email", code, message };
        if text.trim().is_empty() {
            return Err(fault("required", "Email is required.".to_owned()));
        }
        Self::parse(text)
            .map_err(|InvalidEmail| fault("invalid", format!("Email '{}' is invalid.", shown(text))))
    }

    /// As its owner writes it, trimmed and with its letters composed.
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

fn is_acceptable(address: &str) -> bool {
    address.len() <= LONGEST
        && !address.chars().any(|c| c == '"' || c.is_whitespace() || is_invisible(c))
        && address.parse::<Address>().is_ok_and(|parsed| !is_ip(parsed.domain()))
}

fn is_ip(domain: &str) -> bool {
    domain.starts_with('[') || domain.parse::<std::net::IpAddr>().is_ok()
}

/// Control, format and bidi characters, and the letters and marks that are drawn as nothing (Unicode's
/// `Default_Ignorable_Code_Point`): with them two addresses that look alike would be two.
fn is_invisible(c: char) -> bool {
    matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
    ) || matches!(
        c,
        '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2065}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The compatibility caseless form (Unicode section 3.13, D146), composed. Folding can undo normalisation and the
/// other way round, hence twice.
fn one_spelling(display: &str) -> String {
    display.nfd().default_case_fold().nfkd().default_case_fold().nfkc().collect()
}

/// As much of a refused text as may be shown: cut, and without what a terminal or page would act on.
fn shown(text: &str) -> String {
    text.trim().chars().filter(|c| *c == ' ' || !is_invisible(*c)).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> String {
        EmailAddress::parse(text).unwrap().key
    }

    #[test]
    fn the_spellings_of_an_address_have_one_key() {
        for spelling in [
            "jo@example.com",
            "  JO@Example.COM\t",
            "\u{ff2a}\u{ff4f}@example.com",
            "jo@\u{ff45}xample.com",
            "\u{a0}jo@example.com\u{3000}",
        ] {
            assert_eq!(key(spelling), "jo@example.com", "{spelling:?}");
        }
        assert_eq!(key("Stra\u{df}e@example.com"), key("STRASSE@example.com"));
        assert_eq!(key("Stra\u{1e9e}e@example.com"), key("strasse@example.com"));
        assert_eq!(key("e\u{301}@example.com"), key("\u{c9}@example.com"));
        assert_eq!(key("\u{3a3}\u{3c2}@example.com"), key("\u{3c3}\u{3c3}@example.com"));
    }

    #[test]
    fn a_turkish_i_is_never_taken_for_a_plain_one() {
        assert_ne!(key("\u{131}@example.com"), key("i@example.com"));
        // Folds to an `i` with a dot of its own, which mail libraries refuse.
        assert!(EmailAddress::parse("\u{130}@example.com").is_err());
    }

    #[test]
    fn the_address_is_kept_as_it_was_typed() {
        let address = EmailAddress::parse(" Jo.Doe+x@Example.com ").unwrap();

        assert_eq!(address.as_str(), "Jo.Doe+x@Example.com");
        assert_eq!(address.key(), "jo.doe+x@example.com");
    }

    #[test]
    fn international_domains_are_addresses() {
        assert_eq!(key("jo@B\u{dc}cher.example"), "jo@b\u{fc}cher.example");
        assert_eq!(key("jo@localhost"), "jo@localhost");
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for hidden in [
            '\0',
            '\r',
            '\n',
            '\t',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{34f}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2066}',
            '\u{2028}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
            ' ',
            '\u{a0}',
            '\u{a8}',
        ] {
            let inside = format!("j{hidden}o@example.com");
            assert!(EmailAddress::parse(&inside).is_err(), "{inside:?}");
        }
        assert!(EmailAddress::parse("jo@example.com\r\nBcc: eve@example.com").is_err());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@{}.example", "a".repeat(64), "b.".repeat(100));
        for text in [
            "",
            "   ",
            "jo",
            "@example.com",
            "jo@",
            "jo@@example.com",
            "a,b@example.com",
            "<jo@example.com>",
            "Jo <jo@example.com>",
            "\"jo\"@example.com",
            "jo@[127.0.0.1]",
            "jo@127.0.0.1",
            "jo@exa mple.com",
            &long,
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_person_is_told_what_is_wrong() {
        assert_eq!(EmailAddress::from_field(" ").unwrap_err().message, "Email is required.");
        assert_eq!(EmailAddress::from_field("nobody").unwrap_err().message, "Email 'nobody' is invalid.");
        assert_eq!(
            EmailAddress::from_field("no\u{202e}\0body").unwrap_err().message,
            "Email 'nobody' is invalid."
        );
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{1,8}@[a-z]{1,8}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let again = EmailAddress::parse(address.key()).unwrap();
                prop_assert_eq!(again.key(), address.key());
            }
        }
    }
}
