//! The section `[mail]`.

use secrecy::SecretString;
use serde::Deserialize;

use crate::clock::Span;

/// How mail leaves the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Caught in the development inbox.
    Inbox,
    /// Handed to a relay.
    Smtp,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Inbox or relay.
    pub transport: Transport,
    /// The relay: `smtp://user:pass@host:587?tls=required`, `smtps://…`.
    pub smtp_url: SecretString,
    /// The relay to use when the first one is away.
    pub fallback_smtp_url: SecretString,
    /// Sender, `Name <address>`.
    pub from: String,
    /// One hand-over to the relay, all commands together.
    pub timeout: Span,
    /// A folder whose files replace the built-in templates one by one; empty: none.
    pub templates_dir: String,
}
