//! Phone numbers as people type them and as they are stored (ITU-T E.164).

use std::fmt;

use rlibphonenumber::{PhoneNumber as Parsed, PhoneNumberFormat, PhoneNumberType};

/// No number that people type is longer, in bytes.
const LONGEST: usize = 64;

/// Digits of a number that its block of ten thousand neighbours differs in.
const BLOCK_DIGITS: usize = 4;

/// A phone number that could get a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    e164: String,
    country: Option<String>,
}

/// Why something is no number that may get a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneFault {
    /// It is no international number.
    #[error("A phone number has the form +4915112345678: a plus sign, the country, the number.")]
    Invalid,
    /// A text to it would cost more than a text (premium rate, shared cost).
    #[error("Texts are not sent to this kind of number.")]
    Premium,
}

impl PhoneNumber {
    /// Reads an international number, with the spaces, dashes and brackets that people write.
    ///
    /// The first number of a country compiles its patterns, which takes milliseconds: [`PhoneNumber::read`] does it off the thread.
    ///
    /// # Errors
    /// [`PhoneFault`]
    pub fn parse(typed: &str) -> Result<Self, PhoneFault> {
        let typed = typed.trim();
        if typed.len() > LONGEST || !typed.starts_with('+') {
            return Err(PhoneFault::Invalid);
        }
        let number = Parsed::parse(typed, None).map_err(|_| PhoneFault::Invalid)?;
        if number.is_possible_with_reason().is_err() || number.extension.is_some() {
            return Err(PhoneFault::Invalid);
        }
        match number.get_type() {
            PhoneNumberType::PremiumRate | PhoneNumberType::SharedCost => Err(PhoneFault::Premium),
            _ => Ok(Self {
                e164: number.format_as(PhoneNumberFormat::E164).into_owned(),
                country: number.get_region_code().map(|region| region.to_string()),
            }),
        }
    }

    /// [`PhoneNumber::parse`] on a thread that may block.
    ///
    /// # Errors
    /// [`PhoneFault`]
    pub async fn read(typed: &str) -> Result<Self, PhoneFault> {
        let typed = typed.to_owned();
        let parsed = tokio::task::spawn_blocking(move || Self::parse(&typed)).await;
        parsed.unwrap_or(Err(PhoneFault::Invalid))
    }

    /// The number as it is stored and sent to.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.e164
    }

    /// ISO 3166-1 alpha-2 code of its country, if it is of one.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }

    /// The number without its last four digits: what it shares with its neighbours.
    #[must_use]
    pub fn block(number: &str) -> &str {
        number.len().checked_sub(BLOCK_DIGITS).and_then(|end| number.get(..end)).unwrap_or_default()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.e164)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_stored_in_one_form_however_it_is_typed() {
        for typed in ["+4915112345678", " +49 151 12345678 ", "+49 (151) 1234-5678", "+49/151/12345678"] {
            let number = PhoneNumber::parse(typed).unwrap();

            assert_eq!(number.as_str(), "+4915112345678", "{typed}");
            assert_eq!(number.country(), Some("DE"), "{typed}");
        }
        assert_eq!(PhoneNumber::parse("+1 202 555 0123").unwrap().country(), Some("US"));
    }

    #[test]
    fn what_is_no_international_number_is_refused() {
        for typed in [
            "",
            "+",
            "015112345678",
            "4915112345678",
            "+49",
            "+49abc",
            "+999123456789",
            "jo",
            "+4915112345678 ext. 7",
        ] {
            assert_eq!(PhoneNumber::parse(typed), Err(PhoneFault::Invalid), "{typed}");
        }
        assert_eq!(PhoneNumber::parse(&format!("+49{}", "1".repeat(1_000))), Err(PhoneFault::Invalid));
    }

    #[test]
    fn premium_numbers_are_refused() {
        for typed in ["+49 900 1234567", "+1 900 555 0123", "+44 909 8790000", "+49 180 5123456"] {
            assert_eq!(PhoneNumber::parse(typed), Err(PhoneFault::Premium), "{typed}");
        }
    }

    #[test]
    fn neighbours_share_a_block() {
        assert_eq!(PhoneNumber::block("+4915112345678"), "+4915112345678".strip_suffix("5678").unwrap());
        assert_eq!(PhoneNumber::block("+49"), "");
    }

    proptest! {
        #[test]
        fn nothing_typed_panics_and_what_is_taken_is_e164(typed in "\\PC{0,80}") {
            if let Ok(number) = PhoneNumber::parse(&typed) {
                let digits = number.as_str().strip_prefix('+').unwrap();
                prop_assert!(digits.len() <= 15 && digits.bytes().all(|digit| digit.is_ascii_digit()));
                prop_assert_eq!(PhoneNumber::parse(number.as_str()), Ok(number));
            }
        }

        #[test]
        fn digits_with_a_plus_never_panic(typed in "\\+[0-9 ()./-]{0,30}") {
            let _ = PhoneNumber::parse(&typed);
        }
    }
}
