//! What the courier carries.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Which gateway takes a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Carrier {
    /// The mail relay.
    Mail,
    /// The gateway of the sms provider with this configured name.
    Sms(String),
    /// A gateway of this name that the code registers.
    Custom(String),
}

impl Carrier {
    /// The name in `messages.carrier`: prefixed for a provider, so that one called "mail" is not the relay.
    pub(super) fn column(&self) -> String {
        match self {
            Self::Mail => "mail".to_owned(),
            Self::Sms(provider) => format!("sms:{provider}"),
            Self::Custom(name) => format!("own:{name}"),
        }
    }

    /// What [`Carrier::column`] made.
    pub(super) fn from_column(text: &str) -> Self {
        match text.split_once(':') {
            Some(("sms", provider)) => Self::Sms(provider.to_owned()),
            Some((_, name)) => Self::Custom(name.to_owned()),
            None => Self::Mail,
        }
    }
}

impl fmt::Display for Carrier {
    /// `mail`, or the name of the provider or gateway.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail => f.write_str("mail"),
            Self::Sms(name) | Self::Custom(name) => f.write_str(name),
        }
    }
}

/// Codes go before notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for it.
    Code,
    /// Everything else.
    Notice,
}

impl Priority {
    /// The number in `messages.priority`.
    pub(super) fn column(self) -> i32 {
        match self {
            Self::Code => 0,
            Self::Notice => 1,
        }
    }

    /// What [`Priority::column`] made.
    pub(super) fn from_column(number: i32) -> Self {
        if number == 0 { Self::Code } else { Self::Notice }
    }
}

/// What a message says, ready to be sent.
#[derive(Clone, Serialize, Deserialize)]
pub struct Content {
    /// Subject line; empty for texts.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML; empty for texts.
    pub html: String,
}

/// A message before it is queued. It holds secrets: no `Debug`.
#[derive(Clone)]
pub struct Message {
    /// Who carries it.
    pub carrier: Carrier,
    /// Mail address or E.164 number.
    pub to: String,
    /// What it says.
    pub content: Content,
    /// The code in it, for the development inbox only.
    pub code: Option<String>,
    /// Its place in the queue.
    pub priority: Priority,
    /// It is never handed over after this instant.
    pub expires_at: Timestamp,
}
