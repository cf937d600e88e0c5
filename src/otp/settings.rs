//! The section `[providers]`.

use crate::clock::Rate;
use crate::courier::{HttpSettings, TwilioSettings};

/// `[providers]`: every table is a provider registered by name, in the order in which they are offered.
#[derive(Clone, Debug, Default)]
pub struct ProvidersSettings(pub Vec<(String, ProviderSettings)>);

/// `[providers.X]`: its `kind` picks the implementation.
#[derive(Clone, Debug)]
pub enum ProviderSettings {
    /// `kind = "email"`
    Email {
        /// Whether it is offered.
        enabled: bool,
    },
    /// `kind = "sms"`
    Sms {
        /// Whether it is offered.
        enabled: bool,
        /// Who carries the texts.
        gateway: SmsGateway,
        /// ISO 3166 codes; empty: every country.
        allowed_countries: Vec<String>,
        /// Texts in all.
        daily_budget: Rate,
    },
    /// `kind = "authenticator"`
    Authenticator {
        /// Whether it is offered.
        enabled: bool,
    },
}

impl ProviderSettings {
    /// Whether it is offered.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        match self {
            Self::Email { enabled } | Self::Sms { enabled, .. } | Self::Authenticator { enabled } => *enabled,
        }
    }
}

/// Who carries texts.
#[derive(Clone, Debug)]
pub enum SmsGateway {
    /// Twilio.
    Twilio(TwilioSettings),
    /// Any vendor with an HTTP API.
    Http(HttpSettings),
    /// The development inbox.
    Inbox,
}
