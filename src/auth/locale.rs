//! Languages, as BCP 47 (RFC 5646) tags them.

use super::{FieldError, Language};

/// No tag that is in use is longer, in bytes (RFC 5646 section 4.4.1).
const LONGEST: usize = 35;

/// The locale of somebody whose browser accepts these languages, the best first: the first one that mails are written in, or
/// else the first one that is one.
#[must_use]
pub fn locale_among(accepted: &[String]) -> Option<String> {
    let mut tags = accepted.iter().filter(|tag| is_tag(tag));
    let spoken = tags.clone().find(|tag| Language::find(tag).is_some());
    spoken.or_else(|| tags.next()).cloned()
}

/// What is wrong with a tag; its subtags are not looked up.
pub(super) fn fault(tag: Option<&str>) -> Option<FieldError> {
    let message = "A locale is a language tag such as en or de-AT.".to_owned();
    tag.filter(|tag| !is_tag(tag)).map(|_| FieldError { field: "locale", code: "invalid", message })
}

fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_language =
        |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|letter| letter.is_ascii_alphabetic());
    let is_subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric());
    tag.len() <= LONGEST && parts.next().is_some_and(is_language) && parts.all(is_subtag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_that_mails_are_written_in_goes_before_others() {
        let among = |tags: &[&str]| {
            let tags: Vec<_> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            locale_among(&tags)
        };

        assert_eq!(among(&["fr-FR", "de-AT", "en"]).as_deref(), Some("de-AT"));
        assert_eq!(among(&["fr_FR", "fr-CA", "it"]).as_deref(), Some("fr-CA"));
        assert_eq!(among(&["x", "?"]), None);
        assert_eq!(among(&[]), None);
    }

    #[test]
    fn tags_are_told_from_nonsense() {
        for tag in ["en", "de-AT", "zh-Hant-TW", "sr-Latn-RS", "es-419"] {
            assert!(is_tag(tag), "{tag}");
        }
        for tag in ["", "e", "english-", "de_AT", "de-", "../x", "en en", "12", &"en-".repeat(20)] {
            assert!(!is_tag(tag), "{tag}");
        }
    }
}
