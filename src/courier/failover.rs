//! Two relays: the second one takes what the first cannot take now.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;

use super::gateway::{Delivery, DeliveryError, Gateway};
use super::inbox::Inbox;
use super::message::Carrier;
use super::settings::{MailSettings, Transport};
use super::smtp::SmtpGateway;

/// Tries a second gateway in the same hand-over when the first one fails for now. What the first refuses for good is not tried again.
pub struct Failover {
    first: Arc<dyn Gateway>,
    second: Arc<dyn Gateway>,
}

impl Failover {
    /// `first`, and `second` behind it. Its deadline is that of both together.
    #[must_use]
    pub fn new(first: Arc<dyn Gateway>, second: Arc<dyn Gateway>) -> Self {
        Self { first, second }
    }
}

#[async_trait]
impl Gateway for Failover {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        match self.first.deliver(delivery).await {
            Err(DeliveryError::Transient(_)) => self.second.deliver(delivery).await,
            outcome => outcome,
        }
    }

    fn deadline(&self) -> Duration {
        self.first.deadline() + self.second.deadline()
    }
}

/// The gateway for mail that `settings` ask for.
///
/// # Errors
/// Tells which key is wrong and what was expected; never a password.
pub fn mail_gateway(settings: &MailSettings, inbox: &Inbox) -> Result<Arc<dyn Gateway>, String> {
    if settings.transport == Transport::Inbox {
        return Ok(inbox.gateway(&Carrier::Mail));
    }
    let timeout = settings.timeout.0;
    let relay = |key: &str, url, timeout| -> Result<Arc<dyn Gateway>, String> {
        let gateway =
            SmtpGateway::new(url, &settings.from, timeout).map_err(|fault| format!("{key}: {fault}"))?;
        Ok(Arc::new(gateway))
    };
    super::mail::sender(&settings.from).map_err(|fault| format!("mail.from: {fault}"))?;
    if settings.fallback_smtp_url.expose_secret().is_empty() {
        return relay("mail.smtp_url", &settings.smtp_url, timeout);
    }
    // Both share the time of one hand-over.
    let first = relay("mail.smtp_url", &settings.smtp_url, timeout / 2)?;
    let second = relay("mail.fallback_smtp_url", &settings.fallback_smtp_url, timeout / 2)?;
    Ok(Arc::new(Failover::new(first, second)))
}
