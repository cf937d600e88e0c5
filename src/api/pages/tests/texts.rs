//! The texts of the pages.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;
use super::{LANGUAGES, html, quoted, scripts};

/// Texts whose keys the scripts put together, by what they begin with.
const COMPUTED: [&str; 7] =
    ["error.", "field.", "event.", "kind.", "delivery.", "challenge.about.", "challenge.ended."];

/// Every `code` of a problem (contract 3 and 6).
const CODES: [&str; 24] = [
    "not_found",
    "method_not_allowed",
    "malformed_request",
    "unsupported_media_type",
    "payload_too_large",
    "validation_failed",
    "rate_limited",
    "service_unavailable",
    "invalid_credentials",
    "email_not_confirmed",
    "no_valid_provider",
    "invalid_provider",
    "invalid_code",
    "challenge_closed",
    "too_many_attempts",
    "resend_too_soon",
    "too_many_sends",
    "invalid_refresh_token",
    "invalid_token",
    "forbidden",
    "unauthorized",
    "reauthentication_required",
    "origin_required",
    "unexpected",
];

/// The texts of a language.
fn catalogue(language: &str) -> BTreeMap<String, String> {
    let mut texts = read_catalogue(language);
    for (key, text) in read_catalogue(&format!("account-{language}")) {
        assert_eq!(texts.insert(key.clone(), text), None, "{key} is there twice");
    }
    texts
}

/// A catalogue is JSON but for its first words, so that this can read it, too.
fn read_catalogue(name: &str) -> BTreeMap<String, String> {
    let script = file(&format!("assets/i18n/{name}.js"));
    let json = script.trim().strip_prefix("export default ").unwrap().strip_suffix(';').unwrap();
    serde_json::from_str(json).unwrap()
}

#[test]
fn the_languages_have_the_same_texts_with_the_same_places() {
    let [english, german] = LANGUAGES.map(catalogue);
    let places = |text: &str| -> BTreeSet<String> {
        let parts = text.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        parts.map(str::to_owned).collect()
    };

    assert!(
        english.keys().eq(german.keys()),
        "{:?}",
        english.keys().zip(german.keys()).find(|(a, b)| a != b)
    );
    for (key, text) in &english {
        assert_eq!(places(text), places(&german[key]), "{key}");
        assert!(!text.trim().is_empty() && !german[key].trim().is_empty(), "{key}");
    }
}

#[test]
fn both_parts_of_a_catalogue_are_cut_at_the_same_place() {
    for part in ["", "account-"] {
        let [english, german] = LANGUAGES.map(|language| read_catalogue(&format!("{part}{language}")));
        assert!(english.keys().eq(german.keys()), "{part}");
    }
}

#[actix_web::test]
async fn what_is_not_of_the_account_needs_no_text_of_its_catalogue() {
    let texts = read_catalogue("account-en");
    for (path, _, name) in PAGES.into_iter().chain([INBOX]).filter(|(path, ..)| !path.starts_with("/account"))
    {
        let script = format!("assets/pages/{name}.js");
        let mut sources: Vec<_> = imports(&script).iter().map(|module| file(module)).collect();
        sources.extend([html(path, true).await, file(&script), file("assets/frame.js")]);

        for word in sources.iter().flat_map(|source| source.split('"')) {
            assert!(!texts.contains_key(word), "{path} {word}");
        }
    }
}

#[actix_web::test]
async fn every_text_in_a_page_is_the_english_one() {
    let english = catalogue("en");
    for (path, ..) in PAGES.into_iter().chain([INBOX]) {
        let html = html(path, true).await;
        for rest in html.split("data-t=\"").skip(1) {
            let (key, rest) = rest.split_once('"').unwrap();
            let text = rest.split_once('>').unwrap().1.split('<').next().unwrap();
            assert_eq!(english.get(key).map(String::as_str), Some(text), "{path} {key}");
        }
        for (attribute, mark) in [("aria-label", "data-t-label"), ("alt", "data-t-alt")] {
            for tag in html.split('<').filter(|tag| tag.contains(mark)) {
                let value = |name: &str| quoted(tag, &format!("{name}=\"")).next().unwrap().to_owned();
                assert_eq!(english[&value(mark)], value(attribute), "{path} {tag}");
            }
        }
    }
}

#[actix_web::test]
async fn every_text_that_is_used_is_there_and_every_other_one_is_used() {
    let english = catalogue("en");
    let mut used = BTreeSet::new();
    for (path, ..) in PAGES.into_iter().chain([INBOX]) {
        let html = html(path, true).await;
        let keys = ["data-t=\"", "data-t-label=\"", "data-t-alt=\""];
        used.extend(keys.iter().flat_map(|mark| quoted(&html, mark)).map(str::to_owned));
    }
    for (_, script) in scripts() {
        used.extend(
            quoted(&script, "plural(\"").flat_map(|key| [format!("{key}.one"), format!("{key}.other")]),
        );
        let is_key = |text: &&str| english.contains_key(*text) || is_like_a_key(text);
        used.extend(script.split('"').filter(is_key).map(str::to_owned));
    }

    let missing: Vec<_> = used.iter().filter(|key| !english.contains_key(*key)).collect();
    let computed = |key: &str| COMPUTED.iter().any(|prefix| key.starts_with(prefix));
    let idle: Vec<_> = english.keys().filter(|key| !used.contains(*key) && !computed(key)).collect();

    assert!(missing.is_empty(), "{missing:?}");
    assert!(idle.is_empty(), "{idle:?}");
}

/// `account.saved`, but neither `./http.js` nor `challenge.attempts`, which is half of one.
fn is_like_a_key(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
    let halves = ["challenge.attempts", "recovery.left"];
    text.contains('.') && text.split('.').all(is_part) && !halves.contains(&text)
}

#[test]
fn every_problem_is_told_in_words() {
    for language in LANGUAGES {
        let texts = catalogue(language);
        for code in CODES {
            assert!(texts.contains_key(&format!("error.{code}")), "{language} {code}");
        }
        for kind in ["email", "sms", "authenticator", "recovery", "custom"] {
            assert!(texts.contains_key(&format!("challenge.about.{kind}")), "{language} {kind}");
        }
    }
}

#[test]
fn the_list_of_codes_is_the_table_of_problems() {
    let source = include_str!("../../error/problem.rs");
    let table = source.split("fn row(").nth(1).unwrap().split("fn wait(").next().unwrap();
    let is_code = |text: &&str| {
        !text.is_empty() && text.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_')
    };
    let told: BTreeSet<_> = table.split('"').skip(1).step_by(2).filter(is_code).collect();

    // The pages' own word for an answer without a code.
    assert_eq!(CODES.into_iter().filter(|code| *code != "unexpected").collect::<BTreeSet<_>>(), told);
}

#[test]
fn every_event_is_told_in_words() {
    let sources = [include_str!("../../../auth/event.rs"), include_str!("../../../auth/me/mod.rs")];
    let names: BTreeSet<_> = sources.iter().flat_map(|source| quoted(source, " => \"")).collect();

    assert!(names.contains("signed_in") && names.contains("password_changed"), "{names:?}");
    for language in LANGUAGES {
        let texts = catalogue(language);
        let told: BTreeSet<_> = texts.keys().filter_map(|key| key.strip_prefix("event.")).collect();
        assert_eq!(told, names, "{language}");
    }
}
