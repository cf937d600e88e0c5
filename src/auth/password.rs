//! Passwords: normalisation, rules, the list of common ones.

use caseless::default_case_fold_str;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::{AccountSettings, FieldError, PasswordRules};

/// Longest password, in bytes after NFKC: hashing must not be made expensive by its input.
const MOST_BYTES: usize = 128;

/// As much as is kept of what somebody typed, in bytes: nobody's password is longer, also no imported one, and many at
/// once may wait to be hashed.
const MOST_KEPT: usize = 1024;

/// Passwords that everybody tries first: case-folded, sorted by bytes, a line each.
const COMMON: &str = include_str!("common_passwords.txt");

/// A password in clear, after NFKC. No `Debug`, no `Serialize`.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Normalises what somebody typed (NFKC; nothing is trimmed). One that is too long to be anybody's is cut, and is then
    /// nobody's: [`Password::is_cut`].
    #[must_use]
    pub fn new(typed: &str) -> Self {
        // All of it at once: a buffer that grew would leave copies behind.
        let mut normal = Zeroizing::new(String::with_capacity(MOST_KEPT + char::MAX_LEN_UTF8));
        for c in typed.nfkc() {
            if normal.len() > MOST_KEPT {
                break;
            }
            normal.push(c);
        }
        Self(normal)
    }

    /// Whether what was typed was longer than what is kept of it. It matches no hash.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.0.len() > MOST_KEPT
    }

    /// The bytes that are hashed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Everything that the rules have against it as a new password, in ASP.NET's texts and order; empty if nothing.
    ///
    /// One that is too short or too long is not looked up in the list of common ones: it cannot be taken anyway.
    #[must_use]
    pub fn faults(&self, settings: &AccountSettings) -> Vec<FieldError> {
        if self.0.is_empty() {
            return vec![fault("required", "Password is required".to_owned())];
        }
        let mut faults: Vec<_> = self.length_fault(settings.password_min_length).into_iter().collect();
        let is_of_fair_length = faults.is_empty();
        if settings.password_rules == PasswordRules::Classes {
            faults.extend(self.class_faults());
        }
        if is_of_fair_length && is_common(&self.0) {
            faults.push(fault("common", "Passwords must not be a common one.".to_owned()));
        }
        faults
    }

    fn length_fault(&self, least: usize) -> Option<FieldError> {
        if self.0.chars().count() < least {
            return Some(fault("too_short", format!("Passwords must be at least {least} characters.")));
        }
        (self.0.len() > MOST_BYTES)
            .then(|| fault("too_long", format!("Passwords must be at most {MOST_BYTES} bytes.")))
    }

    /// The article's rules. As in ASP.NET only ASCII counts as letter and digit, so `é` is non-alphanumeric.
    fn class_faults(&self) -> impl Iterator<Item = FieldError> {
        let has = |class: fn(&u8) -> bool| self.0.as_bytes().iter().any(class);
        let rules = [
            (
                has(|byte| !byte.is_ascii_alphanumeric()),
                "requires_non_alphanumeric",
                "Passwords must have at least one non alphanumeric character.",
            ),
            (
                has(u8::is_ascii_lowercase),
                "requires_lowercase",
                "Passwords must have at least one lowercase ('a'-'z').",
            ),
            (
                has(u8::is_ascii_uppercase),
                "requires_uppercase",
                "Passwords must have at least one uppercase ('A'-'Z').",
            ),
        ];
        rules.into_iter().filter(|(kept, ..)| !kept).map(|(_, code, text)| fault(code, text.to_owned()))
    }
}

fn fault(code: &'static str, message: String) -> FieldError {
    FieldError { field: "password", code, message }
}

/// Whether the case-folded password is a line of the list.
fn is_common(password: &str) -> bool {
    let folded = Zeroizing::new(default_case_fold_str(password));
    let mut list = COMMON;
    while !list.is_empty() {
        let (before, line, after) = middle_line(list);
        match folded.as_str().cmp(line) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => list = before,
            std::cmp::Ordering::Greater => list = after,
        }
    }
    false
}

/// The line in the middle of `list`, and what stands before and after it.
fn middle_line(list: &str) -> (&str, &str, &str) {
    let middle = list.floor_char_boundary(list.len() / 2);
    let (left, right) = list.split_at(middle);
    let start = left.rfind('\n').map_or(0, |at| at + 1);
    let end = right.find('\n').map_or(list.len(), |at| middle + at);
    let (before, rest) = list.split_at(start);
    let (line, after) = rest.split_at(end - start);
    (before, line, after.strip_prefix('\n').unwrap_or(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixture;

    fn texts(typed: &str, rules: PasswordRules) -> Vec<String> {
        let settings = AccountSettings { password_rules: rules, ..fixture::accounts() };
        Password::new(typed).faults(&settings).into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn the_list_is_folded_and_sorted_and_every_line_is_found() {
        let lines: Vec<_> = COMMON.lines().collect();

        assert!(lines.len() > 2_000);
        assert!(lines.is_sorted_by(|a, b| a < b));
        for line in lines {
            assert_eq!(default_case_fold_str(&line.nfkc().collect::<String>()), line);
            assert!(is_common(line), "{line}");
            assert!(!is_common(&format!("{line}\u{e9}")));
        }
    }

    #[test]
    fn only_length_and_the_list_count_by_default() {
        let length = PasswordRules::Length;

        assert_eq!(texts("", length), ["Password is required"]);
        assert_eq!(texts("Ab1!xyz", length), ["Passwords must be at least 8 characters."]);
        assert_eq!(texts("PassWord", length), ["Passwords must not be a common one."]);
        assert_eq!(texts("\u{ff30}assword", length), ["Passwords must not be a common one."]);
        assert_eq!(texts("12345678", length), ["Passwords must not be a common one."]);
        assert!(texts("xkvbwlpq", length).is_empty());
        assert!(texts("correct horse battery staple", length).is_empty());
        assert!(texts("\0\0\0\0\0\0\0\0", length).is_empty());
    }

    #[test]
    fn what_is_too_long_to_be_a_password_is_not_kept() {
        let longest = Password::new(&"x".repeat(MOST_KEPT));
        let longer = Password::new(&"x".repeat(MOST_KEPT + 1));
        // Eleven times as long after NFKC.
        let huge = Password::new(&"\u{fdfa}".repeat(20_000));

        assert!(!longest.is_cut() && longest.expose().len() == MOST_KEPT);
        assert!(longer.is_cut());
        assert!(huge.is_cut() && huge.expose().len() <= MOST_KEPT + 4 && huge.0.capacity() < 2 * MOST_KEPT);
    }

    #[test]
    fn length_is_counted_in_characters_below_and_in_bytes_above() {
        let length = PasswordRules::Length;

        assert!(texts(&"\u{1f600}".repeat(8), length).is_empty());
        assert_eq!(texts(&"\u{1f600}".repeat(7), length).len(), 1);
        assert!(texts(&"x".repeat(128), length).is_empty());
        assert_eq!(texts(&"x".repeat(129), length), ["Passwords must be at most 128 bytes."]);
        assert_eq!(texts(&"\u{fdfa}".repeat(8), length), ["Passwords must be at most 128 bytes."]);
        // Two characters as typed, one after NFKC.
        assert_eq!(texts(&"e\u{301}".repeat(7), length).len(), 1);
    }

    #[test]
    fn the_classes_are_asp_nets_in_its_order() {
        let classes = PasswordRules::Classes;

        assert_eq!(
            texts("1234", classes),
            [
                "Passwords must be at least 8 characters.",
                "Passwords must have at least one non alphanumeric character.",
                "Passwords must have at least one lowercase ('a'-'z').",
                "Passwords must have at least one uppercase ('A'-'Z').",
            ]
        );
        assert_eq!(
            texts("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", classes),
            [
                "Passwords must have at least one lowercase ('a'-'z').",
                "Passwords must have at least one uppercase ('A'-'Z').",
            ]
        );
        assert!(texts("Xk-vbwlpq", classes).is_empty());
    }

    #[test]
    fn the_spellings_of_a_password_are_one() {
        assert_eq!(Password::new("\u{ff21}e\u{301}").expose(), Password::new("A\u{e9}").expose());
        assert_ne!(Password::new(" a ").expose(), Password::new("a").expose());
    }
}
