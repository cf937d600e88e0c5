//! The languages that mails, texts and pages are written in.

/// A language that the house speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Where nothing else is known.
    English,
    /// Formal, with "Sie".
    German,
}

impl Language {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The primary language subtag (RFC 5646 section 2.2.1).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language of a tag such as `de-AT`, if the house speaks it.
    #[must_use]
    pub fn find(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// What somebody with this locale is written to in.
    #[must_use]
    pub fn of(locale: Option<&str>) -> Self {
        locale.and_then(Self::find).unwrap_or(Self::English)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_spoken_by_its_language_and_english_stands_for_the_rest() {
        for (locale, language) in [
            (Some("de"), Language::German),
            (Some("DE-at"), Language::German),
            (Some("en-GB"), Language::English),
            (Some("den"), Language::English),
            (Some("fr"), Language::English),
            (Some(""), Language::English),
            (None, Language::English),
        ] {
            assert_eq!(Language::of(locale), language, "{locale:?}");
        }
    }
}
