//! The configuration read again while the program runs.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::environment::Variables;
use super::layers::Place;
use super::{Effective, Faults, Settings, check};

/// Where a configuration is read from, now and again.
#[derive(Clone)]
pub struct Source {
    path: Option<PathBuf>,
    variables: Variables,
}

/// By which two looks at a file are held against each other: a digest of what it holds, or that it cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Option<[u8; 32]>);

/// A sound configuration that was read again.
#[derive(Clone, Debug)]
pub struct Reread {
    /// What is in force now: the sections that can change while the program runs, and all else as it was at the start.
    pub settings: Settings,
    /// The keys that changed since they were last read and take effect now.
    pub changed: Vec<String>,
    /// The keys whose values differ from those at the start and that need a restart.
    pub pending: Vec<String>,
}

impl Source {
    /// The file `path`, or `twostep.toml` in the working directory, under the variables of `environment`.
    #[must_use]
    pub fn new(path: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { path: path.map(Path::to_owned), variables: Variables::pick(environment) }
    }

    /// The configuration to start with.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(&self) -> Result<Settings, Faults> {
        Settings::check(self.place(self.path.is_none()), &self.variables).map(|(settings, _)| settings)
    }

    /// Reads the configuration again while `in_force` is. It has to be sound by itself, and what can change now has to be sound
    /// beside what cannot: a file that says development does not bring the inbox to a server that runs in production. A file that
    /// was there and is gone is a fault: without it, the defaults would be in force.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn read_again(&self, in_force: &Settings) -> Result<Reread, Faults> {
        let place = self.place(self.path.is_none() && !in_force.has_file);
        let (new, mut draft) = Settings::check(place, &self.variables)?;
        let (changed, pending) = in_force.keys.changes(&new.keys);
        let settings = in_force.with_live_of(new);
        check::check(&settings, &mut draft);
        draft.verdict()?;
        Ok(Reread { settings, changed, pending })
    }

    /// What the file holds at this moment.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let content = std::fs::read(self.place(true).path);
        Stamp(content.ok().map(|content| Sha256::digest(content).into()))
    }

    fn place(&self, is_optional: bool) -> Place<'_> {
        Place { path: self.path.as_deref().unwrap_or(Path::new("twostep.toml")), is_optional }
    }
}

impl Settings {
    fn with_live_of(&self, new: Self) -> Self {
        let keys: Effective = self.keys.with_live_of(&new.keys);
        let mut settings = self.clone();
        settings.two_step = new.two_step;
        settings.limits = new.limits;
        settings.mail = new.mail;
        settings.providers = new.providers;
        settings.server.allowed_origins = new.server.allowed_origins;
        settings.log.level = new.log.level;
        settings.keys = keys;
        settings.has_file = new.has_file;
        settings
    }
}
