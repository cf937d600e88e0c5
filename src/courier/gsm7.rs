//! The alphabet of short messages (3GPP TS 23.038 section 6.2.1).

/// What two segments hold, in septets: each gives seven of its 160 to the header that joins them.
pub(super) const TWO_SEGMENTS: usize = 2 * 153;

const BASIC: &str = concat!(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
);
/// These come after an escape.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// How long the text is in septets; nothing if a character of it is not in the alphabet, so that all would be sent in
/// sixteen bits each.
pub(super) fn septets(text: &str) -> Option<usize> {
    let of = |c: char| match c {
        c if BASIC.contains(c) => Some(1),
        c if EXTENDED.contains(c) => Some(2),
        _ => None,
    };
    text.chars().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_has_its_characters() {
        assert_eq!(BASIC.chars().count(), 127, "and the escape");
        for (text, length) in
            [("", Some(0)), ("Grüße @home #1", Some(14)), ("[€]", Some(6)), ("„so“", None), ("ç", None)]
        {
            assert_eq!(septets(text), length, "{text}");
        }
    }
}
