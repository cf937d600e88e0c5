//! One key of the configuration: its type, its default, its value, and where the value came from.

use std::fmt;

use toml::Value;

/// What type a key's values have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Number,
    List,
    Table,
}

impl Kind {
    /// The type of `value`; `None` for types that no key has.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(_) => Some(Self::Text),
            Value::Boolean(_) => Some(Self::Flag),
            Value::Integer(_) => Some(Self::Number),
            Value::Array(_) => Some(Self::List),
            Value::Table(_) => Some(Self::Table),
            Value::Float(_) | Value::Datetime(_) => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a string",
            Self::Flag => "true or false",
            Self::Number => "a whole number",
            Self::List => "a list",
            Self::Table => "a table",
        })
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    File(String),
    Variable(String),
}

/// How a key's value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrecy {
    /// As it is.
    Open,
    /// Without what a URL hides.
    Url,
    /// Not at all.
    Hidden,
}

/// One key of the configuration.
#[derive(Clone)]
pub(super) struct Entry {
    /// `server`, `providers.Sms`; empty for `mode`.
    pub(super) section: String,
    pub(super) key: String,
    pub(super) kind: Kind,
    /// `None`: the key is optional.
    pub(super) default: Option<Value>,
    pub(super) value: Option<Value>,
    pub(super) origin: Origin,
}

impl Entry {
    /// The key at its default.
    pub(super) fn new(section: &str, key: &str, kind: Kind, default: Option<Value>) -> Self {
        let value = default.clone();
        Self {
            section: section.to_owned(),
            key: key.to_owned(),
            kind,
            default,
            value,
            origin: Origin::Default,
        }
    }

    /// `section.key`
    pub(super) fn name(&self) -> String {
        if self.section.is_empty() { self.key.clone() } else { format!("{}.{}", self.section, self.key) }
    }

    /// What follows `TWOSTEP__` in the name of its environment variable, whose case does not count.
    pub(super) fn variable(&self) -> String {
        // Provider names hold no dots.
        self.name().replace('.', "__")
    }

    /// How its value is shown.
    pub(super) fn secrecy(&self) -> Secrecy {
        match (self.section.as_str(), self.key.as_str()) {
            ("database" | "redis", "url") | ("mail", "smtp_url" | "fallback_smtp_url") => Secrecy::Url,
            ("secrets", "key") | ("tokens", "hs256_key") | ("development", "fixed_codes") => Secrecy::Hidden,
            (section, "http_url" | "twilio_base_url") if section.starts_with("providers.") => Secrecy::Url,
            (section, "twilio_auth_token" | "http_headers" | "http_body")
                if section.starts_with("providers.") =>
            {
                Secrecy::Hidden
            }
            _ => Secrecy::Open,
        }
    }

    /// What type its value has to have, and how it is written where it came from.
    pub(super) fn expected_type(&self) -> String {
        match (&self.origin, self.kind) {
            (Origin::Variable(_), Kind::List | Kind::Table) => format!("{} as JSON", self.kind),
            _ => self.kind.to_string(),
        }
    }

    /// `, got …` for a fault, or nothing when the value may be a secret.
    pub(super) fn got(&self, value: &Value) -> String {
        if self.secrecy() == Secrecy::Open {
            format!(", got {}", shorten(&value.to_string()))
        } else {
            String::new()
        }
    }
}

fn shorten(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
