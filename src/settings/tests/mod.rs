//! Tests of the whole, and what they share.

mod arbitrary;
mod example;
mod faults;
mod layers;
mod modes;
mod reread;
mod secrets;
mod texts;

use super::{Faults, Settings};

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Settings, Faults> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.toml");
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(Some(&path), environment)
}

/// The faults, without the folder in front of the file.
fn faults(file: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let Err(Faults(lines)) = load(file, environment) else { return Vec::new() };
    lines
        .iter()
        .map(|line| line.split_once("/t.toml").map_or(line.clone(), |(_, rest)| format!("t.toml{rest}")))
        .collect()
}

fn sole_fault(file: &str, environment: &[(&str, &str)]) -> String {
    let faults = faults(file, environment);
    assert_eq!(faults.len(), 1, "{file:?} {environment:?}: {faults:?}");
    faults.first().unwrap().clone()
}
