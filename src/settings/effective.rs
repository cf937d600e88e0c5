//! Every key of a configuration: what may be shown of its value, and by what a change of it is seen.

use std::fmt;

use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use super::draft::Draft;
use super::masked::masked;

/// The keys that take effect while the program runs: whole sections, and single keys of others.
const LIVE_SECTIONS: [&str; 3] = ["two_step", "limits", "mail"];
const LIVE_KEYS: [&str; 2] = ["server.allowed_origins", "log.level"];

/// Every key of a configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Effective(Vec<Key>);

/// One key. The value itself, which may be a secret, is not kept.
#[derive(Clone)]
struct Key {
    name: String,
    section: String,
    last: String,
    shown: Option<Value>,
    digest: [u8; 32],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Key {
    fn is_live(&self) -> bool {
        self.section.starts_with("providers.")
            || LIVE_SECTIONS.contains(&self.section.as_str())
            || LIVE_KEYS.contains(&self.name.as_str())
    }
}

impl Effective {
    /// The keys of `draft`.
    pub(super) fn of(draft: &Draft) -> Self {
        let keys = draft.entries().iter().map(|entry| {
            let written = entry.value.as_ref().map(Value::to_string).unwrap_or_default();
            Key {
                name: entry.name(),
                section: entry.section.clone(),
                last: entry.key.clone(),
                shown: masked(entry),
                digest: Sha256::digest(written).into(),
            }
        });
        Self(keys.collect())
    }

    /// Every key with its value, secrets masked.
    pub(super) fn shown(&self) -> Table {
        let mut shown = Table::new();
        for key in &self.0 {
            let Some(value) = &key.shown else { continue };
            let mut table = &mut shown;
            for part in key.section.split('.').filter(|part| !part.is_empty()) {
                let inner = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
                let Value::Table(inner) = inner else { return shown };
                table = inner;
            }
            table.insert(key.last.clone(), value.clone());
        }
        shown
    }

    /// What is in force when `new` was read: its live keys, and of the others the old ones.
    pub(super) fn with_live_of(&self, new: &Self) -> Self {
        let keep =
            |key: &Key| if key.is_live() { key.clone() } else { self.find(&key.name).unwrap_or(key).clone() };
        Self(new.0.iter().map(keep).collect())
    }

    /// The names of the keys whose values are others in `new`, those that only one of the two has included: the live ones, and the ones
    /// that need a restart.
    pub(super) fn changes(&self, new: &Self) -> (Vec<String>, Vec<String>) {
        let differs = |key: &&Key| self.find(&key.name).is_none_or(|old| old.digest != key.digest);
        let gone = self.0.iter().filter(|key| new.find(&key.name).is_none());
        let changed = new.0.iter().filter(differs).chain(gone);
        let (live, others): (Vec<_>, Vec<_>) = changed.partition(|key| key.is_live());
        let names = |keys: Vec<&Key>| keys.into_iter().map(|key| key.name.clone()).collect();
        (names(live), names(others))
    }

    fn find(&self, name: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.name == name)
    }
}
