//! The section `[limits]`.

use serde::Deserialize;

use crate::clock::Rate;

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// Logins.
    pub login_per_ip: Rate,
    /// Verifications.
    pub verify_per_ip: Rate,
    /// Registrations.
    pub register_per_ip: Rate,
    /// Requests that send a mail.
    pub mail_per_ip: Rate,
    /// Mails that anyone can cause, per address.
    pub mail_per_destination: Rate,
    /// All of them on or off.
    pub enabled: bool,
}
