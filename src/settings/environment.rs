//! The environment as a layer of the configuration: `TWOSTEP__SECTION__KEY`.

use std::ffi::OsString;

use toml::{Table, Value};

use super::Faults;
use super::draft::Draft;
use super::entry::{Entry, Kind, Origin};

const PREFIX: &str = "TWOSTEP__";

/// The variables of this process that are Unicode; `TWOSTEP__…` ones have to be.
///
/// # Errors
/// Names every one that is not.
pub fn environment() -> Result<Vec<(String, String)>, Faults> {
    unicode(std::env::vars_os())
}

fn unicode(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, Faults> {
    let mut variables = Vec::new();
    let mut faults = Vec::new();
    for (name, value) in environment {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => variables.push((name, value)),
            (Ok(name), Err(_)) if name.starts_with(PREFIX) => {
                faults.push(format!("{name}: expected UTF-8"));
            }
            _ => {}
        }
    }
    if faults.is_empty() { Ok(variables) } else { Err(Faults(faults)) }
}

/// The variables that are meant for the configuration.
#[derive(Clone)]
pub(super) struct Variables(Vec<(String, String)>);

impl Variables {
    /// Picks them out of `environment`.
    pub(super) fn pick(environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let ours = |(name, _): &(String, String)| name.starts_with(PREFIX);
        Self(environment.into_iter().filter(ours).collect())
    }

    /// The value for the key `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let wanted = name.replace('.', "__");
        let found = self.0.iter().find(|(name, _)| suffix(name).eq_ignore_ascii_case(&wanted));
        found.map(|(_, value)| value.as_str())
    }

    /// Lays them over what `draft` has.
    pub(super) fn lay(&self, draft: &mut Draft) {
        let mut seen: Vec<String> = Vec::new();
        for (variable, text) in &self.0 {
            let Some(entry) = draft.find_variable(suffix(variable)) else {
                draft.fault(format!(
                    "{variable}: unknown, expected {PREFIX}SECTION__KEY with a key of the configuration"
                ));
                continue;
            };
            // Of these kinds no value is empty: such a variable counts as not set.
            if text.is_empty() && entry.kind != Kind::Text {
                continue;
            }
            let name = entry.name();
            let value = parse(entry, text);
            if seen.contains(&name) {
                draft.fault(format!("{variable}: {name}: expected one variable for this key, got two"));
                continue;
            }
            seen.push(name.clone());
            let origin = Origin::Variable(variable.clone());
            // What does not parse is laid as the text it is, and refused for its type.
            draft.set(&name, value.unwrap_or_else(|| Value::String(text.clone())), origin);
        }
    }
}

fn suffix(variable: &str) -> &str {
    variable.strip_prefix(PREFIX).unwrap_or(variable)
}

fn parse(entry: &Entry, text: &str) -> Option<Value> {
    match entry.kind {
        Kind::Text => Some(Value::String(text.to_owned())),
        Kind::Flag => text.parse().ok().map(Value::Boolean),
        Kind::Number => text.parse().ok().map(Value::Integer),
        Kind::List => serde_json::from_str::<Vec<Value>>(text).ok().map(Value::Array),
        Kind::Table => serde_json::from_str::<Table>(text).ok().map(Value::Table),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn only_our_variables_have_to_be_unicode() {
        let variable = |name: &str| (OsString::from(name), OsString::from_vec(vec![0xff]));

        assert_eq!(
            unicode([variable("PATH"), ("A".into(), "b".into())]),
            Ok(vec![("A".to_owned(), "b".to_owned())])
        );
        let Faults(faults) = unicode([variable("TWOSTEP__MODE")]).unwrap_err();
        assert_eq!(faults, ["TWOSTEP__MODE: expected UTF-8"]);
    }
}
