//! The configuration: defaults, file and environment, layered and checked.

mod bounds;
mod check;
mod draft;
mod effective;
mod entry;
mod environment;
mod layers;
mod masked;
mod process;
mod reread;
mod sections;
#[cfg(test)]
mod tests;
mod texts;

use std::collections::BTreeMap;
use std::path::Path;

use draft::Draft;
use effective::Effective;
use entry::Origin;
use environment::Variables;
use layers::Place;
use secrecy::SecretString;
use serde::Deserialize;

use crate::api::ServerSettings;
use crate::auth::{AccountSettings, TwoStepSettings};
use crate::courier::MailSettings;
use crate::limits::LimitSettings;
use crate::otp::ProvidersSettings;
use crate::token::TokenSettings;

pub use environment::environment;
pub use process::{DatabaseSettings, LogFormat, LogSettings};
pub use reread::{Reread, Source, Stamp};

/// What the program is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// On a developer's machine: inbox, generated secret, loopback only.
    Development,
    /// For real.
    Production,
}

/// The whole effective configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `mode`
    pub mode: Mode,
    /// `[server]`
    pub server: ServerSettings,
    /// `[database]`
    pub database: DatabaseSettings,
    /// `[redis]`
    pub redis: RedisSettings,
    /// `[secrets]`
    pub secrets: SecretSettings,
    /// `[accounts]`
    pub accounts: AccountSettings,
    /// `[two_step]`
    pub two_step: TwoStepSettings,
    /// `[tokens]`, with `issuer` filled in
    pub tokens: TokenSettings,
    /// `[limits]`
    pub limits: LimitSettings,
    /// `[mail]`
    pub mail: MailSettings,
    /// `[events]`
    pub events: EventSettings,
    /// `[providers.*]`, in the order of offers: Email, Sms, Authenticator, then the file's
    pub providers: ProvidersSettings,
    /// `[log]`
    pub log: LogSettings,
    /// `[development]`
    pub development: DevelopmentSettings,
    /// The keys of all this.
    keys: Effective,
    /// Whether any of it was read from a file.
    has_file: bool,
}

/// `[redis]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisSettings {
    /// Empty: everything in memory.
    pub url: SecretString,
}

/// `[secrets]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSettings {
    /// base64 of 32 bytes; empty in development: made in `data/secret.key`.
    pub key: SecretString,
}

/// `[events]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSettings {
    /// How long audit events are kept.
    pub keep: crate::clock::Span,
}

/// `[development]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevelopmentSettings {
    /// Address to code.
    pub fixed_codes: BTreeMap<String, SecretString>,
    /// Whether `/api/companies` is served.
    pub demo_companies: bool,
}

/// Everything that is wrong with a configuration, a line each: file or variable, key, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Faults(pub Vec<String>);

impl Settings {
    /// Layers the built-in defaults, the file, and the environment (`TWOSTEP__SECTION__KEY`), and checks the result.
    /// Without `path`, `twostep.toml` in the working directory is read if it is there.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Faults> {
        Source::new(path, environment).load()
    }

    /// The checked settings, and the draft that they were read from.
    fn check(place: Place<'_>, variables: &Variables) -> Result<(Self, Draft), Faults> {
        let mut draft = layers::layer(place, variables)?;
        bounds::check(&mut draft);
        derive_log_format(&mut draft);
        let Some(mut settings) = Self::read(&mut draft) else {
            return Err(draft.verdict().err().unwrap_or(Faults(Vec::new())));
        };
        draft.close();
        check::check(&settings, &mut draft);
        draft.verdict()?;
        settings.keys = Effective::of(&draft);
        settings.has_file = draft.has_file();
        Ok((settings, draft))
    }

    fn read(draft: &mut Draft) -> Option<Self> {
        #[derive(Deserialize)]
        struct Top {
            mode: Mode,
        }
        let server = sections::read(draft, "server")?;
        derive_issuer(draft);
        let mut settings = Self {
            mode: sections::read::<Top>(draft, "")?.mode,
            server,
            database: sections::read(draft, "database")?,
            redis: sections::read(draft, "redis")?,
            secrets: sections::read(draft, "secrets")?,
            accounts: sections::read(draft, "accounts")?,
            two_step: sections::read(draft, "two_step")?,
            tokens: sections::read(draft, "tokens")?,
            limits: sections::read(draft, "limits")?,
            mail: sections::read(draft, "mail")?,
            events: sections::read(draft, "events")?,
            providers: sections::read_providers(draft),
            log: sections::read(draft, "log")?,
            development: sections::read(draft, "development")?,
            keys: Effective::default(),
            has_file: false,
        };
        for origin in &mut settings.server.allowed_origins {
            if let Some(normal) = check::normal_origin(origin) {
                *origin = normal;
            }
        }
        Some(settings)
    }

    /// The effective configuration as TOML, with secrets masked.
    #[must_use]
    pub fn masked(&self) -> String {
        // A table of what was TOML before is TOML.
        toml::to_string(&self.keys.shown()).unwrap_or_default()
    }

    /// What [`Settings::masked`] shows, as JSON.
    #[must_use]
    pub fn masked_json(&self) -> serde_json::Value {
        serde_json::to_value(self.keys.shown()).unwrap_or_default()
    }
}

/// An empty issuer is `public_url`, once that is known to be a URL.
fn derive_issuer(draft: &mut Draft) {
    if draft.text("tokens.issuer").is_empty() {
        let issuer = draft.text("server.public_url").to_owned();
        draft.derive("tokens.issuer", &issuer);
    }
}

/// Production logs JSON where nothing else is said.
fn derive_log_format(draft: &mut Draft) {
    let is_unset = draft.find("log.format").is_some_and(|entry| entry.origin == Origin::Default);
    if is_unset && draft.text("mode") == "production" {
        draft.derive("log.format", "json");
    }
}
