//! Names of people, made harmless for a mail: anybody may register any name for anybody's address.

/// The longest name that is written out, in characters.
const LONGEST: usize = 60;

/// `name` on one line, without control and format characters, and without anything that a mail program would turn into a
/// link or that looks like the token of one. Escaping for HTML comes later.
pub(super) fn harmless(name: &str) -> String {
    let mut out = String::new();
    let mut characters = name.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '@' | '=' | '\\' => out.push(' '),
            ':' | '/' if characters.peek() == Some(&'/') => out.push(' '),
            '.' if characters.peek().is_some_and(|next| !next.is_whitespace()) => out.push_str(". "),
            // Dots that count as one in a host name (IDNA), and dots that look like one.
            '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}' => out.push_str(". "),
            c if c.is_control() || is_format(c) => out.push(' '),
            c => out.push(c),
        }
    }
    let one_line = out.split_whitespace().collect::<Vec<_>>().join(" ");
    match one_line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", one_line.get(..end).unwrap_or_default().trim_end()),
        None => one_line,
    }
}

/// Unicode's format characters that hide, join or turn text, and its separators of lines and paragraphs.
fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_stay_as_they_are() {
        for name in [
            "Ann Lee",
            "Ó Ríordáin-Müller",
            "d'Arc",
            "李小龍",
            "Martin Luther King, Jr.",
            "Anna (Ann) <b>",
            "",
        ] {
            assert_eq!(harmless(name), name);
        }
        assert_eq!(harmless("J.R.R. Tolkien"), "J. R. R. Tolkien");
    }

    #[test]
    fn a_name_cannot_forge_lines() {
        assert_eq!(harmless("Ann\r\n\r\n123456\r\n"), "Ann 123456");
        assert_eq!(harmless("Ann\u{2028}123456\u{85}\u{0}\u{b}x"), "Ann 123456 x");
        assert_eq!(harmless("Ann\u{202e}nnA"), "Ann nnA");
    }

    #[test]
    fn a_name_cannot_become_a_link() {
        assert_eq!(harmless("see https://evil.example/x"), "see https /evil. example/x");
        assert_eq!(harmless("//evil.example"), "/evil. example");
        assert_eq!(harmless("me@evil.example"), "me evil. example");
        assert_eq!(harmless("evil\u{3002}example"), "evil. example");
        assert_eq!(harmless("?token=abc"), "?token abc");
    }

    #[test]
    fn a_long_name_is_cut() {
        let cut = harmless(&"é".repeat(500));

        assert_eq!(cut, format!("{}…", "é".repeat(LONGEST)));
    }
}
