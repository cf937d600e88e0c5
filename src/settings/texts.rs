//! The keys of a provider with `kind = "sms"`.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::Deserialize;

use crate::clock::Rate;
use crate::courier::{HttpSettings, TwilioSettings};
use crate::otp::{ProviderSettings, SmsGateway};

/// The keys as they are written, those of gateways that are not chosen included.
#[derive(Deserialize)]
pub(super) struct Texts {
    enabled: bool,
    gateway: Choice,
    allowed_countries: Vec<String>,
    daily_budget: Rate,
    #[serde(default)]
    twilio_account_sid: String,
    #[serde(default)]
    twilio_auth_token: SecretString,
    #[serde(default)]
    twilio_from: String,
    #[serde(default)]
    twilio_messaging_service_sid: String,
    #[serde(default)]
    twilio_base_url: String,
    #[serde(default)]
    http_url: SecretString,
    #[serde(default)]
    http_headers: BTreeMap<String, SecretString>,
    #[serde(default)]
    http_body: SecretString,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Twilio,
    Http,
    Inbox,
}

impl From<Texts> for ProviderSettings {
    fn from(texts: Texts) -> Self {
        let gateway = match texts.gateway {
            Choice::Inbox => SmsGateway::Inbox,
            Choice::Twilio => SmsGateway::Twilio(TwilioSettings {
                account_sid: texts.twilio_account_sid,
                auth_token: texts.twilio_auth_token,
                from: texts.twilio_from,
                messaging_service_sid: texts.twilio_messaging_service_sid,
                base_url: texts.twilio_base_url,
            }),
            Choice::Http => SmsGateway::Http(HttpSettings {
                url: texts.http_url,
                headers: texts.http_headers,
                body: texts.http_body,
            }),
        };
        Self::Sms {
            enabled: texts.enabled,
            gateway,
            allowed_countries: texts.allowed_countries,
            daily_budget: texts.daily_budget,
        }
    }
}
