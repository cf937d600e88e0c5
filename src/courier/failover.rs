//! Two relays: the second one takes what the first cannot take now.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;

use super::breaker::Breaker;
use super::gateway::{Delivery, DeliveryError, Gateway};
use super::inbox::Inbox;
use super::message::Carrier;
use super::settings::{MailSettings, Transport};
use super::smtp::SmtpGateway;
use crate::clock::Clock;

/// Tries a second gateway in the same hand-over when the first one fails for now; goes straight to the second while the first is out of
/// order. What the first refuses for good, or may have got, is not tried again.
pub struct Failover {
    first: Arc<dyn Gateway>,
    second: Arc<dyn Gateway>,
    breaker: Breaker,
}

impl Failover {
    /// `first`, and `second` behind it. Its deadline is that of both together.
    #[must_use]
    pub fn new(first: Arc<dyn Gateway>, second: Arc<dyn Gateway>, clock: Clock) -> Self {
        Self { first, second, breaker: Breaker::new(clock) }
    }
}

#[async_trait]
impl Gateway for Failover {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        if !self.breaker.admits() {
            return self.second.deliver(delivery).await;
        }
        let outcome = self.first.deliver(delivery).await;
        self.breaker.note(&outcome);
        match outcome {
            Err(DeliveryError::Transient(_) | DeliveryError::Down(_) | DeliveryError::Misconfigured(_)) => {
                self.second.deliver(delivery).await
            }
            Ok(()) | Err(DeliveryError::Permanent(_) | DeliveryError::Unknown(_)) => outcome,
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
pub fn mail_gateway(
    settings: &MailSettings,
    inbox: &Inbox,
    clock: &Clock,
) -> Result<Arc<dyn Gateway>, String> {
    if settings.transport == Transport::Inbox {
        return Ok(inbox.gateway(&Carrier::Mail));
    }
    let (first, second) = relays(settings)?;
    let first: Arc<dyn Gateway> = Arc::new(first);
    Ok(match second {
        Some(second) => Arc::new(Failover::new(first, Arc::new(second), clock.clone())),
        None => first,
    })
}

/// The relay of `settings`, and the fallback if there is one; they share the time of one hand-over.
///
/// # Errors
/// As [`mail_gateway`].
pub fn relays(settings: &MailSettings) -> Result<(SmtpGateway, Option<SmtpGateway>), String> {
    super::mail::sender(&settings.from).map_err(|fault| format!("mail.from: {fault}"))?;
    let timeout = settings.timeout.0;
    let relay = |key: &str, url, timeout| {
        SmtpGateway::new(url, &settings.from, timeout).map_err(|fault| format!("{key}: {fault}"))
    };
    if settings.fallback_smtp_url.expose_secret().is_empty() {
        return Ok((relay("mail.smtp_url", &settings.smtp_url, timeout)?, None));
    }
    let first = relay("mail.smtp_url", &settings.smtp_url, timeout / 2)?;
    let second = relay("mail.fallback_smtp_url", &settings.fallback_smtp_url, timeout / 2)?;
    Ok((first, Some(second)))
}
