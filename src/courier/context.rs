//! What each template is given. Callers fill these structs, so that no template can miss a variable.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::language::Language;
use super::person;

/// For how long something is good, written out in the largest whole unit: `90 minutes`, `2 Stunden`, `1 day`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(pub Duration, pub Language);

/// A unit of time, one and several, in a language.
type Unit = (&'static str, &'static str);

/// Days, hours, minutes and seconds.
fn units(language: Language) -> [Unit; 4] {
    match language {
        Language::English => {
            [("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")]
        }
        Language::German => {
            [("Tag", "Tage"), ("Stunde", "Stunden"), ("Minute", "Minuten"), ("Sekunde", "Sekunden")]
        }
    }
}

impl Serialize for Lifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = self.0.as_secs();
        let [days, hours, minutes, single] = units(self.1);
        let sizes = [(86_400, days), (3_600, hours), (60, minutes)];
        let fits = |(size, _): &&(u64, Unit)| seconds >= *size && seconds.is_multiple_of(*size);
        let (count, (one, several)) = match sizes.iter().find(fits) {
            Some((size, unit)) => (seconds / size, *unit),
            None if seconds > 120 => (seconds / 60, minutes),
            None => (seconds, single),
        };
        serializer.collect_str(&format_args!("{count} {}", if count == 1 { one } else { several }))
    }
}

/// For `email/confirm_email`.
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmEmail<'a> {
    /// Whether an account that is there wants to have the address.
    pub is_change: bool,
    /// Name of the new user; made harmless here.
    #[serde(serialize_with = "person")]
    pub name: &'a str,
    /// The whole link, with token and address.
    pub link: &'a str,
    /// How long the link is good.
    pub lifetime: Lifetime,
    /// Host of `public_url`: who writes.
    pub host: &'a str,
}

/// For `email/reset_password`.
#[derive(Clone, Debug, Serialize)]
pub struct ResetPassword<'a> {
    /// Name of the user; made harmless here.
    #[serde(serialize_with = "person")]
    pub name: &'a str,
    /// The whole link, with token and address.
    pub link: &'a str,
    /// How long the link is good.
    pub lifetime: Lifetime,
    /// Host of `public_url`: who writes.
    pub host: &'a str,
}

/// For `email/code`. It holds a secret: no `Debug`.
#[derive(Clone, Serialize)]
pub struct CodeMail<'a> {
    /// Name of the user; made harmless here.
    #[serde(serialize_with = "person")]
    pub name: &'a str,
    /// The code.
    pub code: &'a str,
    /// What it is for, as `Purpose::as_str` says it: `sign_in`, `confirm_phone`.
    pub purpose: &'a str,
    /// How long it is good, in whole minutes.
    pub minutes: u64,
    /// Where the request came from.
    pub client_address: &'a str,
    /// Browser and system that it came from, in known words; empty if they are not known.
    pub client_browser: &'a str,
    /// Host of `public_url`.
    pub host: &'a str,
    /// The link by which the owner disowns the sign-in; empty where there is none.
    pub not_me: &'a str,
}

/// For `sms/code`. It holds a secret: no `Debug`.
#[derive(Clone, Serialize)]
pub struct CodeText<'a> {
    /// The code.
    pub code: &'a str,
    /// What it is for, as `Purpose::as_str` says it: `sign_in`, `confirm_phone`.
    pub purpose: &'a str,
    /// How long it is good, in whole minutes.
    pub minutes: u64,
    /// Where the request came from.
    pub client_address: &'a str,
    /// Host of `public_url`, without scheme and port: the code is bound to it.
    pub host: &'a str,
}

/// For `email/locked_out`.
#[derive(Clone, Debug, Serialize)]
pub struct LockedOut<'a> {
    /// Name of the user; made harmless here.
    #[serde(serialize_with = "person")]
    pub name: &'a str,
    /// Where a new password can be asked for; no token in it.
    pub page: &'a str,
    /// How long the lock lasts.
    pub lifetime: Lifetime,
    /// Host of `public_url`: who writes.
    pub host: &'a str,
}

/// For notices that say nothing but what happened: `email/registration_tried`, `email/password_reset` and others.
#[derive(Clone, Debug, Serialize)]
pub struct Notice<'a> {
    /// Name of the user; made harmless here.
    #[serde(serialize_with = "person")]
    pub name: &'a str,
    /// Where a new password can be asked for; no token in it.
    pub page: &'a str,
    /// Host of `public_url`: who writes.
    pub host: &'a str,
}

/// For `email/factor_disabled`.
#[derive(Clone, Debug, Serialize)]
pub struct FactorDisabled<'a> {
    /// Name of the user; made harmless here.
    #[serde(serialize_with = "person")]
    pub name: &'a str,
    /// Where a new password can be asked for, which enables factors of the kind `email`; no token in it.
    pub page: &'a str,
    /// Configured name of the provider, or `RecoveryCode`.
    pub provider: &'a str,
    /// Its kind: one of [`KINDS`].
    pub kind: &'a str,
    /// Host of `public_url`: who writes.
    pub host: &'a str,
}

/// The kinds that `email/factor_disabled` tells of.
pub const KINDS: [&str; 5] = ["email", "sms", "authenticator", "recovery", "custom"];

/// For `email/account_changed`.
#[derive(Clone, Debug, Serialize)]
pub struct AccountChanged<'a> {
    /// Name of the user; made harmless here.
    #[serde(serialize_with = "person")]
    pub name: &'a str,
    /// Where a new password can be asked for; no token in it.
    pub page: &'a str,
    /// What changed: one of [`CHANGES`].
    pub change: &'a str,
    /// Host of `public_url`: who writes.
    pub host: &'a str,
}

/// What `email/account_changed` tells of.
pub const CHANGES: [&str; 12] = [
    "two_factor_on",
    "two_factor_off",
    "preferred_provider_changed",
    "phone_added",
    "phone_removed",
    "authenticator_added",
    "authenticator_removed",
    "recovery_codes_made",
    "password_changed",
    "email_change_requested",
    "email_changed",
    "account_deleted",
];

fn person<S: Serializer>(name: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&person::harmless(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_reads_as_one_would_say_it() {
        let words_in = |language, seconds| {
            serde_json::to_value(Lifetime(Duration::from_secs(seconds), language)).unwrap()
        };
        for (seconds, words) in [
            (1, "1 second"),
            (90, "90 seconds"),
            (60, "1 minute"),
            (300, "5 minutes"),
            (330, "5 minutes"),
            (5_400, "90 minutes"),
            (7_200, "2 hours"),
            (86_400, "1 day"),
            (1_209_600, "14 days"),
        ] {
            assert_eq!(words_in(Language::English, seconds), words);
        }
        for (seconds, words) in [
            (1, "1 Sekunde"),
            (330, "5 Minuten"),
            (3_600, "1 Stunde"),
            (7_200, "2 Stunden"),
            (172_800, "2 Tage"),
        ] {
            assert_eq!(words_in(Language::German, seconds), words);
        }
    }
}
