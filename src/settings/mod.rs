//! The configuration: defaults, file and environment, layered and checked.

use std::path::Path;

use secrecy::SecretString;
use serde::Deserialize;

use crate::api::ServerSettings;
use crate::auth::{AccountSettings, TwoStepSettings};
use crate::courier::MailSettings;
use crate::limits::LimitSettings;
use crate::otp::ProvidersSettings;
use crate::startup::{DatabaseSettings, LogSettings};
use crate::token::TokenSettings;

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
    pub fixed_codes: std::collections::BTreeMap<String, String>,
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
        todo!()
    }

    /// The effective configuration as TOML, with secrets masked.
    #[must_use]
    pub fn masked(&self) -> String {
        todo!()
    }
}
