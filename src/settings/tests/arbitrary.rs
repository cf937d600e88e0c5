use proptest::collection::vec;
use proptest::prelude::*;

use super::super::layers::EXAMPLE;
use super::load;

/// Values of every type, sensible and not.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f32>().prop_map(|number| format!("{number:?}")),
        "\"[ -~]{0,40}\"",
        "\"[0-9]{0,12}(ms|s|m|h|d|/min|/day)\"",
        Just("[1, \"a\", {}]".to_owned()),
        Just("{ a = \"b\" }".to_owned()),
        any::<String>(),
    ]
}

/// The lines of the example, `section` and key.
fn keys() -> Vec<(String, String)> {
    let table: toml::Table = EXAMPLE.parse().unwrap();
    let mut keys = Vec::new();
    for (section, value) in &table {
        for (key, _) in value.as_table().into_iter().flatten() {
            keys.push((section.clone(), key.clone()));
        }
    }
    keys
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_a_configuration_or_has_faults(text in any::<String>()) {
        let _ = load(&text, &[]);
    }

    #[test]
    fn any_value_of_any_key_is_taken_or_refused(at in 0..1_000_usize, value in value()) {
        let keys = keys();
        let (section, key) = &keys[at % keys.len()];

        let _ = load(&format!("[{section}]\n{key} = {value}\n"), &[]);
    }

    #[test]
    fn any_variable_is_taken_or_refused(at in 0..1_000_usize, value in any::<String>(), odd in vec("[A-Za-z_]{0,12}", 0..3)) {
        let keys = keys();
        let (section, key) = &keys[at % keys.len()];
        let variable = format!("TWOSTEP__{section}__{key}");
        let other = format!("TWOSTEP__{}", odd.join("__"));

        let _ = load("", &[(&variable, &value), (&other, &value)]);
    }

    #[test]
    fn any_provider_is_taken_or_refused(name in "[A-Za-z0-9_.\"-]{0,40}", kind in "email|sms|authenticator|[a-z]{0,5}", value in value()) {
        let _ = load(&format!("[providers.{name}]\nkind = \"{kind}\"\nenabled = {value}\ngateway = {value}\n"), &[]);
    }
}
