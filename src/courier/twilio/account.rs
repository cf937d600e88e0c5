//! What sound settings say.

use secrecy::SecretString;
use url::Url;

use super::settings::TwilioSettings;

/// Who sends a text.
pub(super) enum Sender {
    Number(String),
    MessagingService(String),
}

/// What sound settings say.
pub(super) struct Account {
    pub(super) sid: String,
    pub(super) token: SecretString,
    pub(super) sender: Sender,
    pub(super) base_url: Url,
}

impl Account {
    /// # Errors
    /// Every fault of `settings`, in one line.
    pub(super) fn read(settings: &TwilioSettings) -> Result<Self, String> {
        let faults: Vec<_> =
            settings.faults().into_iter().map(|(key, fault)| format!("{key}: {fault}")).collect();
        let base_url = settings.base().filter(|_| faults.is_empty()).ok_or_else(|| faults.join("; "))?;
        let sender = if settings.from.is_empty() {
            Sender::MessagingService(settings.messaging_service_sid.clone())
        } else {
            Sender::Number(settings.from.clone())
        };
        Ok(Self { sid: settings.account_sid.clone(), token: settings.auth_token.clone(), sender, base_url })
    }
}
