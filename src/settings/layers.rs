//! The layers of the configuration: built-in defaults, the file, the environment.

use std::path::Path;

use toml::{Table, Value};

use super::Faults;
use super::draft::Draft;
use super::entry::{Entry, Kind, Origin};
use super::environment::Variables;

/// Every key with its default: what operators copy is what the program reads.
pub(super) const EXAMPLE: &str = include_str!("../../twostep.example.toml");

/// The keys of `kind = "sms"` that have no default.
pub(super) const OPTIONAL: [(&str, Kind); 8] = [
    ("twilio_account_sid", Kind::Text),
    ("twilio_auth_token", Kind::Text),
    ("twilio_from", Kind::Text),
    ("twilio_messaging_service_sid", Kind::Text),
    ("twilio_base_url", Kind::Text),
    ("http_url", Kind::Text),
    ("http_headers", Kind::Table),
    ("http_body", Kind::Text),
];

const KINDS: [&str; 3] = ["email", "sms", "authenticator"];

/// Reads the three layers, one over the other.
///
/// # Errors
/// When there is no telling what the file says. All else is noted in the draft.
pub(super) fn layer(place: Place<'_>, variables: &Variables) -> Result<Draft, Faults> {
    let defaults = parse(EXAMPLE, "twostep.example.toml")?;
    let file = File::read(place)?;
    let mut draft = Draft::new(&file.name, file.is_there);
    lay_defaults(&mut draft, &defaults, &file, variables);
    lay_file(&mut draft, &file);
    variables.lay(&mut draft);
    Ok(draft)
}

/// Where the file is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    /// Whether there may be none.
    pub(super) is_optional: bool,
}

struct File {
    name: String,
    is_there: bool,
    table: Table,
}

impl File {
    fn read(Place { path: name, is_optional }: Place<'_>) -> Result<Self, Faults> {
        let (is_there, table) = match std::fs::read_to_string(name) {
            Ok(text) => (true, parse(&text, &name.display().to_string())?),
            Err(error) if is_optional && error.kind() == std::io::ErrorKind::NotFound => {
                (false, Table::new())
            }
            Err(error) => {
                return Err(Faults(vec![format!(
                    "{}: expected a readable TOML file: {error}",
                    name.display()
                )]));
            }
        };
        Ok(Self { name: name.display().to_string(), is_there, table })
    }

    fn origin(&self) -> Origin {
        Origin::File(self.name.clone())
    }

    fn providers(&self) -> impl Iterator<Item = (&String, &Table)> {
        let tables = self.table.get("providers").and_then(Value::as_table).into_iter().flatten();
        tables.filter_map(|(name, value)| Some((name, value.as_table()?)))
    }
}

fn parse(text: &str, name: &str) -> Result<Table, Faults> {
    text.parse::<Table>().map_err(|error| {
        // Only the key or its place: the line may hold a secret.
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
        let key = match error.span().and_then(|span| text.get(span)) {
            Some(key) if error.message().contains("duplicate key") => format!(" `{key}`"),
            _ => String::new(),
        };
        Faults(vec![format!(
            "{name}: line {line}: expected TOML: {}{key}",
            error.message().replace('\n', " ")
        )])
    })
}

fn lay_defaults(draft: &mut Draft, defaults: &Table, file: &File, variables: &Variables) {
    for (section, value) in defaults {
        match value {
            Value::Table(providers) if section == "providers" => {
                lay_providers(draft, providers, file, variables);
            }
            Value::Table(keys) => {
                for (key, value) in keys {
                    lay_default(draft, section, key, value);
                }
            }
            value => lay_default(draft, "", section, value),
        }
    }
}

fn lay_default(draft: &mut Draft, section: &str, key: &str, value: &Value) {
    if let Some(kind) = Kind::of(value) {
        draft.push(Entry::new(section, key, kind, Some(value.clone())));
    }
}

/// The keys of a provider hang on its kind, so kinds are found out first.
fn lay_providers(draft: &mut Draft, defaults: &Table, file: &File, variables: &Variables) {
    for (name, value) in defaults {
        let own = value.as_table().cloned().unwrap_or_default();
        let changed = file.providers().find(|(other, _)| *other == name).map(|(_, table)| table);
        lay_provider(draft, name, &own, changed, defaults, variables);
    }
    for (name, table) in file.providers().filter(|(name, _)| !defaults.contains_key(*name)) {
        match refused_name(name, defaults, file) {
            Some(why) => draft.fault(format!("{}: providers.{name}: {why}", file.name)),
            None => lay_provider(draft, name, &added(), Some(table), defaults, variables),
        }
    }
}

/// What a provider starts with that only the file names.
fn added() -> Table {
    Table::from_iter([("enabled".to_owned(), Value::Boolean(true))])
}

fn lay_provider(
    draft: &mut Draft,
    name: &str,
    own: &Table,
    file: Option<&Table>,
    defaults: &Table,
    variables: &Variables,
) {
    let section = format!("providers.{name}");
    let own_kind = own.get("kind").and_then(Value::as_str);
    let in_file = file.and_then(|table| table.get("kind")).and_then(Value::as_str);
    let in_environment = variables.get(&format!("{section}.kind"));
    let kind = in_environment.or(in_file).or(own_kind).filter(|kind| KINDS.contains(kind));
    // Texts have every key there is, so nothing is called unknown beside a kind that is.
    let known = kind.unwrap_or("sms");
    draft.push(Entry::new(&section, "kind", Kind::Text, own.get("kind").cloned()));
    for (key, value) in keys_of(known, defaults) {
        let value =
            if own_kind.is_none_or(|own| own == known) { own.get(key).unwrap_or(value) } else { value };
        lay_default(draft, &section, key, value);
    }
    if known == "sms" {
        for (key, kind) in OPTIONAL {
            draft.push(Entry::new(&section, key, kind, None));
        }
    }
}

fn keys_of<'a>(kind: &str, defaults: &'a Table) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let of_kind = move |table: &&Table| table.get("kind").and_then(Value::as_str) == Some(kind);
    let table = defaults.values().filter_map(Value::as_table).find(of_kind);
    table.into_iter().flatten().filter(|(key, _)| *key != "kind")
}

fn refused_name(name: &str, defaults: &Table, file: &File) -> Option<String> {
    let sane = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 32 || !name.chars().all(sane) {
        return Some("expected a name of 1 to 32 letters, digits, dashes and underscores".to_owned());
    }
    if name.eq_ignore_ascii_case("RecoveryCode") {
        return Some("expected another name: this one stands for recovery codes".to_owned());
    }
    let twin = |other: &&String| **other != name && other.eq_ignore_ascii_case(name);
    let twin = defaults.keys().find(twin).or_else(|| file.providers().map(|(other, _)| other).find(twin))?;
    Some(format!("expected another name: it differs from providers.{twin} only in its case"))
}

fn lay_file(draft: &mut Draft, file: &File) {
    for (section, value) in &file.table {
        let is_key = draft.find(section).is_some();
        let is_section =
            section == "providers" || draft.entries().iter().any(|entry| entry.section == *section);
        match value {
            _ if is_key => draft.set(section, value.clone(), file.origin()),
            Value::Table(providers) if section == "providers" => {
                for (name, value) in providers {
                    lay_section(draft, file, &format!("providers.{name}"), value);
                }
            }
            value if is_section => lay_section(draft, file, section, value),
            _ => draft.fault(format!("{}: {section}: unknown, expected {}", file.name, sections(draft))),
        }
    }
}

fn lay_section(draft: &mut Draft, file: &File, section: &str, value: &Value) {
    let Value::Table(keys) = value else {
        draft.fault(format!("{}: {section}: expected a table", file.name));
        return;
    };
    let known: Vec<String> = draft
        .entries()
        .iter()
        .filter(|entry| entry.section == section)
        .map(|entry| entry.key.clone())
        .collect();
    if known.is_empty() {
        // A provider whose name was refused.
        return;
    }
    for (key, value) in keys {
        if known.contains(key) {
            draft.set(&format!("{section}.{key}"), value.clone(), file.origin());
        } else {
            let known = known.join(", ");
            draft.fault(format!("{}: {section}.{key}: unknown, expected one of {known}", file.name));
        }
    }
}

fn sections(draft: &Draft) -> String {
    let mut names: Vec<String> = Vec::new();
    for entry in draft.entries() {
        let top = entry.section.split('.').next().filter(|top| !top.is_empty());
        let name = top.map_or_else(|| entry.key.clone(), |top| format!("[{top}]"));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    format!("one of {}", names.join(", "))
}
