//! A one-time code.

use zeroize::Zeroizing;

use crate::vault::random_bytes;

/// A one-time code in clear. No `Debug`, no `Serialize`: it leaves only in a message.
#[derive(Clone)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// A code as it was drawn or typed.
    #[must_use]
    pub fn new(digits: String) -> Self {
        Self(Zeroizing::new(digits))
    }

    /// Draws `length` decimal digits from the operating system's generator, each code as likely as any other.
    #[must_use]
    pub fn draw(length: usize) -> Self {
        // The capacity is final: a string that grows leaves copies of its digits behind.
        let mut digits = Zeroizing::new(String::with_capacity(length));
        while digits.len() < length {
            let bytes = Zeroizing::new(random_bytes::<32>());
            let missing = length - digits.len();
            digits.extend(bytes.iter().copied().filter_map(digit).take(missing));
        }
        Self(digits)
    }

    /// The digits, for the one who composes or checks.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A uniform byte as a uniform digit. The last six of 256 values would make the digits 0 to 5 likelier: they are refused.
fn digit(byte: u8) -> Option<char> {
    (byte < 250).then(|| char::from(b'0' + byte % 10))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_digit_stands_for_equally_many_bytes() {
        let mut counts = [0; 10];

        for byte in 0..=255 {
            if let Some(digit) = digit(byte) {
                counts[digit.to_digit(10).unwrap() as usize] += 1;
            }
        }

        assert_eq!(counts, [25; 10]);
    }

    #[test]
    fn a_code_has_the_wanted_length_and_keeps_leading_zeros() {
        let mut leading_zeros = 0;

        for _ in 0..1_000 {
            let code = Code::draw(6);
            assert_eq!(code.expose().len(), 6);
            assert!(code.expose().bytes().all(|b| b.is_ascii_digit()));
            leading_zeros += usize::from(code.expose().starts_with('0'));
        }

        // 100 are expected; 40 is more than six standard deviations away.
        assert!(leading_zeros > 40, "{leading_zeros}");
        assert_eq!(Code::draw(100).expose().len(), 100);
    }

    #[test]
    fn digits_are_spread_evenly_and_codes_differ() {
        let mut counts = [0_u32; 10];
        let mut codes = HashSet::new();

        for _ in 0..5_000 {
            let code = Code::draw(8);
            for digit in code.expose().chars() {
                counts[digit.to_digit(10).unwrap() as usize] += 1;
            }
            codes.insert(code.expose().to_owned());
        }

        // 4000 of each are expected, with a standard deviation of 60.
        assert!(counts.iter().all(|count| (3_600..4_400).contains(count)), "{counts:?}");
        assert!(codes.len() > 4_980, "{}", codes.len());
    }
}
