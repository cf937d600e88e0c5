//! The example file is true.

use super::super::layers::{EXAMPLE, OPTIONAL};
use super::{faults, load, sole_fault};

#[test]
fn the_example_holds_the_defaults() {
    let defaults = load("", &[]).unwrap();
    let example = load(EXAMPLE, &[]).unwrap();

    assert_eq!(example.masked(), defaults.masked());
    assert_eq!(defaults.server.body_limit, 65_536);
    assert_eq!(defaults.tokens.issuer, "http://localhost:5001");
}

#[test]
fn every_key_of_the_example_has_a_comment() {
    for line in EXAMPLE.lines().filter(|line| line.contains(" = ")) {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        assert!(bare.split_once(" # ").is_some_and(|(_, comment)| !comment.trim().is_empty()), "{line}");
    }
}

#[test]
fn the_example_names_the_optional_keys_and_they_are_known() {
    let uncommented = OPTIONAL.iter().fold(EXAMPLE.to_owned(), |text, (key, _)| {
        assert!(text.contains(&format!("\n# {key} = ")), "{key}");
        text.replace(&format!("\n# {key} = "), &format!("\n{key} = "))
    });

    assert_eq!(faults(&uncommented, &[]), Vec::<String>::new());
}

#[test]
fn every_number_has_bounds() {
    for line in EXAMPLE.parse::<toml::Table>().unwrap() {
        let (section, toml::Value::Table(keys)) = line else { continue };
        for key in keys.iter().filter(|(_, value)| value.is_integer()).map(|(key, _)| key) {
            let fault = sole_fault(&format!("[{section}]\n{key} = 9000000000000\n"), &[]);
            assert!(
                fault.starts_with(&format!("t.toml: {section}.{key}: expected a number from ")),
                "{fault}"
            );
        }
    }
}
