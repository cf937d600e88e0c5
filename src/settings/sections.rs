//! From keys and values to the sections' structs.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::draft::Draft;
use super::entry::Secrecy;
use super::texts::Texts;
use crate::otp::{ProviderSettings, ProvidersSettings};

/// What is expected where the type itself does not say it well.
const EXPECTED: [(&str, &str); 5] = [
    ("mode", "expected \"development\" or \"production\""),
    ("server.public_url", "expected an absolute URL such as \"https://login.example.com\""),
    ("server.allowed_origins", "expected origins such as [\"https://app.example.com\"]"),
    ("server.trusted_proxies", "expected networks such as [\"10.0.0.0/8\", \"fd00::/8\"]"),
    ("development.fixed_codes", "expected codes by address, each a string"),
];

/// Reads a section. Each faulty key is noted and read again at its default, so that every fault is found.
pub(super) fn read<T: DeserializeOwned>(draft: &mut Draft, section: &str) -> Option<T> {
    loop {
        match read_once(draft.section(section)) {
            Ok(settings) => return Some(settings),
            Err((key, cause)) => {
                let name = if section.is_empty() { key } else { format!("{section}.{key}") };
                if draft.is_faulty(&name) || draft.find(&name).is_none() {
                    draft.fault(format!("{name}: {cause}"));
                    return None;
                }
                let expected = expected(draft, &name, &cause);
                draft.refuse(&name, expected);
            }
        }
    }
}

fn read_once<T: DeserializeOwned>(table: Table) -> Result<T, (String, String)> {
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| {
        let path = error.path().to_string();
        let key = path.split(['.', '[']).next().unwrap_or_default();
        (key.to_owned(), error.inner().message().replace('\n', " "))
    })
}

fn expected(draft: &Draft, name: &str, cause: &str) -> String {
    let Some(entry) = draft.find(name) else { return cause.to_owned() };
    let text = EXPECTED.iter().find(|(key, _)| *key == name).map(|(_, text)| *text);
    match (text, &entry.value) {
        (Some(text), Some(value)) => format!("{text}{}", entry.got(value)),
        // A cause quotes the value.
        (None, _) if entry.secrecy() != Secrecy::Open => format!("expected {}", entry.kind),
        _ => cause.to_owned(),
    }
}

/// Reads every provider.
pub(super) fn read_providers(draft: &mut Draft) -> ProvidersSettings {
    let names = draft.providers();
    let read = |name: String| Some((name.clone(), read_provider(draft, &name)?));
    ProvidersSettings(names.into_iter().filter_map(read).collect())
}

fn read_provider(draft: &mut Draft, name: &str) -> Option<ProviderSettings> {
    let section = format!("providers.{name}");
    let kind = format!("{section}.kind");
    match draft.text(&kind) {
        "email" => read(draft, &section).map(|Plain { enabled }| ProviderSettings::Email { enabled }),
        "authenticator" => {
            read(draft, &section).map(|Plain { enabled }| ProviderSettings::Authenticator { enabled })
        }
        "sms" => read(draft, &section).map(Texts::into),
        _ => {
            let got = draft.find(&kind).and_then(|entry| Some(entry.got(entry.value.as_ref()?)));
            let expected = "expected \"email\", \"sms\" or \"authenticator\"";
            draft.refuse(&kind, format!("{expected}{}", got.unwrap_or_default()));
            None
        }
    }
}

#[derive(Deserialize)]
struct Plain {
    enabled: bool,
}
