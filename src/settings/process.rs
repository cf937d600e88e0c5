//! The sections `[database]` and `[log]`, which `startup` itself reads.

use secrecy::SecretString;
use serde::Deserialize;

/// `[database]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `sqlite:`, `postgres:` or `mysql:`.
    pub url: SecretString,
    /// 0: a fitting default per engine.
    pub max_connections: u32,
}

/// How log records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// `env_logger` filter syntax.
    pub level: String,
    /// Text or JSON; absent: text in development, JSON in production.
    pub format: LogFormat,
}
