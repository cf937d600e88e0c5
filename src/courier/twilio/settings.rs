//! The keys `twilio_*` of a provider of texts.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::super::vendor_url;

/// Where Twilio is.
const BASE_URL: &str = "https://api.twilio.com";

/// The keys `twilio_*` as they were written; empty where they were not.
#[derive(Clone, Debug, Default)]
pub struct TwilioSettings {
    /// `twilio_account_sid`
    pub account_sid: String,
    /// `twilio_auth_token`
    pub auth_token: SecretString,
    /// `twilio_from`: the sending number.
    pub from: String,
    /// `twilio_messaging_service_sid`: a messaging service instead of a number.
    pub messaging_service_sid: String,
    /// `twilio_base_url`: another address of Twilio's API.
    pub base_url: String,
}

impl TwilioSettings {
    /// What is wrong: keys, and what was expected of each. Empty: nothing.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !is_sid(&self.account_sid, "AC") {
            faults.push(("twilio_account_sid", expected("an account SID (AC and 32 hexadecimal digits)")));
        }
        let token = self.auth_token.expose_secret();
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            faults.push(("twilio_auth_token", expected("the account's secret")));
        }
        match (self.from.as_str(), self.messaging_service_sid.as_str()) {
            ("", "") => faults.push(("twilio_from", expected("a sender, or twilio_messaging_service_sid"))),
            ("", sid) if !is_sid(sid, "MG") => {
                let key = "twilio_messaging_service_sid";
                faults.push((key, expected("a service SID (MG and 32 hexadecimal digits)")));
            }
            ("", _) => {}
            (from, "") if is_sender(from) => {}
            (_, "") => {
                faults
                    .push(("twilio_from", expected("a number such as \"+15005550006\", or a sender's name")));
            }
            (_, _) => {
                faults.push(("twilio_from", expected("either this or twilio_messaging_service_sid")));
            }
        }
        if self.base().is_none() {
            let form = "https://HOST, or http:// on a loopback host, without user, query and fragment";
            faults.push(("twilio_base_url", expected(form)));
        }
        faults
    }

    /// `twilio_base_url`, or where Twilio is; `None` when it is no place for texts.
    pub(super) fn base(&self) -> Option<Url> {
        let text = if self.base_url.is_empty() { BASE_URL } else { &self.base_url };
        let url = Url::parse(text).ok().filter(vendor_url::is_safe)?;
        (url.query().is_none() && url.fragment().is_none()).then_some(url)
    }
}

fn expected(what: &str) -> String {
    format!("expected {what}")
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// A number (E.164), a short code, or a name of up to 11 letters, digits and spaces; `whatsapp:+…` for another channel of Twilio.
fn is_sender(text: &str) -> bool {
    let bare = text.strip_prefix("whatsapp:").unwrap_or(text);
    match bare.strip_prefix('+') {
        Some(digits) => (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()),
        None => {
            (3..=11).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b' ')
        }
    }
}
