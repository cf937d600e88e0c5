//! The trait that a provider implements.

use std::fmt::Display;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Account, Code, Match, SharedSecret, email, sms};
use crate::clock::Timestamp;
use crate::courier::{Carrier, Content, Message, Priority};

/// Which implementation stands behind a configured name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// A mail with a code.
    Email,
    /// A text with a code.
    Sms,
    /// A code computed by the user's device (TOTP, RFC 6238).
    Authenticator,
    /// Codes that the user keeps on paper. No provider is of this kind: `auth` offers them itself.
    Recovery,
    /// Another one, registered by code.
    Custom,
}

impl ProviderKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Email, Self::Sms, Self::Authenticator, Self::Recovery, Self::Custom];

    /// The name in the configuration, in answers and in templates.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Authenticator => "authenticator",
            Self::Recovery => "recovery",
            Self::Custom => "custom",
        }
    }

    /// As much of an address as may be shown; `None` where only the provider's own code knows.
    #[must_use]
    pub fn mask(self, address: &str) -> Option<String> {
        match self {
            Self::Email => Some(email::masked(address)),
            Self::Sms => Some(sms::masked(address)),
            Self::Authenticator | Self::Recovery | Self::Custom => None,
        }
    }
}

/// Where a code goes: the address or number in full, and as much of it as may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Mail address, E.164 number, or whatever the provider sends to; empty for a computed code.
    pub address: String,
    /// `j•••@example.com`, `•••• 67`; empty for a computed code.
    pub masked: String,
}

impl Destination {
    /// For a code that is not sent.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { address: String::new(), masked: String::new() }
    }
}

/// A provider that is valid for a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Configured name.
    pub provider: String,
    /// Its kind.
    pub kind: ProviderKind,
    /// Where a code would go.
    pub destination: Destination,
}

/// What a code is for; part of what it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The second step of a sign-in.
    SignIn,
    /// Showing that a phone number is one's own.
    ConfirmPhone,
}

impl Purpose {
    /// The name in the database, under the MAC and in templates.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::ConfirmPhone => "confirm_phone",
        }
    }
}

/// What a message with a code tells besides the code.
#[derive(Clone, Debug)]
pub struct CodeContext {
    /// What it is for.
    pub purpose: Purpose,
    /// Where the code goes: what the offer said.
    pub destination: String,
    /// Address of the client that asked.
    pub client_address: String,
    /// Browser and system of the client, in known words; empty if they are not known.
    pub client_browser: String,
    /// From when on the code is dead; the message is not sent after it.
    pub expires_at: Timestamp,
    /// How long the code is good, in whole minutes, rounded up.
    pub minutes: u64,
    /// The link by which the owner of the address disowns the sign-in; none where there is no sign-in. Only a message that its
    /// owner alone can read may carry it.
    pub not_me: Option<String>,
}

impl CodeContext {
    /// The message that carries `code` to the destination by `carrier`, before everything that is no code, and not after it is dead.
    #[must_use]
    pub fn message(&self, carrier: Carrier, content: Content, code: &Code) -> Message {
        Message {
            carrier,
            to: self.destination.clone(),
            content,
            code: Some(code.expose().to_owned()),
            priority: Priority::Code,
            expires_at: self.expires_at,
        }
    }
}

/// Why a provider gave no answer. The first text is the provider's configured name, which the registry fills in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Too many requests are in flight, it took too long, or its actor died: try again later.
    #[error("provider {0} is busy")]
    Busy(String),
    /// It does not do this (a computed code cannot be composed).
    #[error("provider {0} does not do this")]
    Unsupported(String),
    /// It failed or panicked; the text is for the log and must hold neither code nor destination.
    #[error("provider {0} failed: {1}")]
    Failed(String, String),
}

impl ProviderError {
    /// A failure for a provider to return; the registry adds the name that it is registered by.
    #[must_use]
    pub fn failed(cause: impl Display) -> Self {
        Self::Failed(String::new(), cause.to_string())
    }

    /// The same error of the provider `name`.
    pub(super) fn of(self, name: &str) -> Self {
        let name = name.to_owned();
        match self {
            Self::Busy(_) => Self::Busy(name),
            Self::Unsupported(_) => Self::Unsupported(name),
            Self::Failed(_, cause) => Self::Failed(name, cause),
        }
    }
}

/// A way to get a one-time code to a user, or to check one that the user's device computed.
///
/// Implementations run behind a [`super::ProviderActor`], in a thread of their own: a slow or panicking one costs its own
/// requests only. Work that blocks the thread holds up the provider's other requests; give it to a blocking pool. Codes are drawn,
/// kept and judged by the rules, never by a provider. `examples/webhook_provider.rs` is a whole one with a gateway of its own.
#[async_trait]
pub trait OtpProvider: Send + Sync + 'static {
    /// The kind of the provider.
    fn kind(&self) -> ProviderKind;

    /// Where a code for `account` would go; `None` if this provider is not valid for it.
    ///
    /// # Errors
    /// When it cannot tell.
    async fn valid_for(&self, account: &Account) -> Result<Option<Destination>, ProviderError>;

    /// The message that carries `code`. The core draws and keeps the code: a provider cannot weaken it.
    ///
    /// # Errors
    /// [`ProviderError::Unsupported`], which is the default, for providers whose codes are computed.
    async fn compose(
        &self,
        _account: &Account,
        _code: &Code,
        _context: &CodeContext,
    ) -> Result<Message, ProviderError> {
        Err(ProviderError::Unsupported(String::new()))
    }

    /// What `code`, computed from `secret` by the user's device, is at `now`. The core counts the guess before, and accepts
    /// no step twice.
    ///
    /// # Errors
    /// [`ProviderError::Unsupported`], which is the default, for providers whose codes are sent.
    async fn check(
        &self,
        _account: &Account,
        _secret: &SharedSecret,
        _code: &Code,
        _now: Timestamp,
    ) -> Result<Match, ProviderError> {
        Err(ProviderError::Unsupported(String::new()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sign-in asked for from 192.0.2.1.
    pub(in crate::otp) fn context(destination: &str) -> CodeContext {
        CodeContext {
            purpose: Purpose::SignIn,
            destination: destination.to_owned(),
            client_address: "192.0.2.1".to_owned(),
            client_browser: "Firefox, Linux".to_owned(),
            expires_at: Timestamp::from_millis(300_000),
            minutes: 5,
            not_me: Some("https://login.example.com/not-me/c2FtcGxl".to_owned()),
        }
    }
}
