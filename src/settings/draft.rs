//! A configuration in the making: its keys, and what was found wrong with them.

use std::collections::BTreeSet;
use std::fmt::Display;

use toml::{Table, Value};

use super::Faults;
use super::entry::{Entry, Origin};

/// A configuration in the making.
pub(super) struct Draft {
    file: String,
    has_file: bool,
    entries: Vec<Entry>,
    faults: Vec<String>,
    /// Keys without a usable value, which are at their defaults.
    faulty: BTreeSet<String>,
    is_read: bool,
}

impl Draft {
    /// A draft without keys; `file` is where faults belong that stand nowhere.
    pub(super) fn new(file: &str, has_file: bool) -> Self {
        Self {
            file: file.to_owned(),
            has_file,
            entries: Vec::new(),
            faults: Vec::new(),
            faulty: BTreeSet::new(),
            is_read: false,
        }
    }

    /// Whether the file is there.
    pub(super) fn has_file(&self) -> bool {
        self.has_file
    }

    /// Adds a key.
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Every key, in order.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The key `section.key`.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name() == name)
    }

    /// The key that the environment variable `TWOSTEP__` + `variable` sets.
    pub(super) fn find_variable(&self, variable: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.variable().eq_ignore_ascii_case(variable))
    }

    /// Gives a key its value, or notes that the value has the wrong type.
    pub(super) fn set(&mut self, name: &str, value: Value, origin: Origin) {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.name() == name) else { return };
        let place = match &origin {
            Origin::Default => self.file.clone(),
            Origin::File(place) | Origin::Variable(place) => place.clone(),
        };
        entry.origin = origin;
        if super::entry::Kind::of(&value) == Some(entry.kind) {
            entry.value = Some(value);
        } else {
            // File and environment may both be wrong about one key.
            let got = entry.got(&value);
            self.faults.push(format!("{place}: {name}: expected {}{got}", entry.expected_type()));
            self.faulty.insert(name.to_owned());
        }
    }

    /// Fills in a value that follows from others.
    pub(super) fn derive(&mut self, name: &str, value: &str) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.name() == name) {
            entry.value = Some(Value::String(value.to_owned()));
        }
    }

    /// Tells that the settings have been read from the values: what is refused from now on is refused as it was written.
    pub(super) fn close(&mut self) {
        self.is_read = true;
    }

    /// Notes what is wrong with a key. Until the settings are read it is put back to its default, so that the checks can go on;
    /// nothing else is noted of it then.
    pub(super) fn refuse(&mut self, name: &str, expected: impl Display) {
        if self.faulty.contains(name) {
            return;
        }
        let entry = self.entries.iter_mut().find(|entry| entry.name() == name);
        let line = match entry.as_ref().map(|entry| &entry.origin) {
            Some(Origin::File(place) | Origin::Variable(place)) => format!("{place}: {name}: {expected}"),
            // The file is where it should be set.
            Some(Origin::Default) => format!("{}: {name}: {expected} (not set)", self.file),
            None => format!("{}: {name}: {expected}", self.file),
        };
        if !self.faults.contains(&line) {
            self.faults.push(line);
        }
        if !self.is_read {
            self.faulty.insert(name.to_owned());
            if let Some(entry) = entry {
                entry.value.clone_from(&entry.default);
            }
        }
    }

    /// Notes a fault that belongs to no known key.
    pub(super) fn fault(&mut self, line: String) {
        self.faults.push(line);
    }

    /// Whether this key has no usable value.
    pub(super) fn is_faulty(&self, name: &str) -> bool {
        self.faulty.contains(name)
    }

    /// The value of a text key; empty if there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.find(name).and_then(|entry| entry.value.as_ref()).and_then(Value::as_str).unwrap_or_default()
    }

    /// The values of a section.
    pub(super) fn section(&self, section: &str) -> Table {
        self.entries
            .iter()
            .filter(|entry| entry.section == section)
            .filter_map(|entry| Some((entry.key.clone(), entry.value.clone()?)))
            .collect()
    }

    /// The names of the providers, in the order of offers.
    pub(super) fn providers(&self) -> Vec<String> {
        self.entries
            .iter()
            .filter(|entry| entry.key == "kind")
            .filter_map(|entry| Some(entry.section.strip_prefix("providers.")?.to_owned()))
            .collect()
    }

    /// Everything that is wrong, if anything is.
    pub(super) fn verdict(&self) -> Result<(), Faults> {
        if self.faults.is_empty() { Ok(()) } else { Err(Faults(self.faults.clone())) }
    }
}
