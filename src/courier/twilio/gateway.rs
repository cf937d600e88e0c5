//! One text to Twilio.

use std::time::Duration;

use async_trait::async_trait;
use log::debug;
use secrecy::ExposeSecret;
use twilio_async::Twilio;
use url::Url;

use super::super::gateway::{Delivery, DeliveryError, Gateway};
use super::super::vendor::Vendor;
use super::account::{Account, Sender};
use super::fault;
use super::reply::Reply;
use super::request::{self, Form};
use super::settings::TwilioSettings;
use crate::clock::Clock;

/// Hands texts to Twilio's Programmable Messaging API, version 2010-04-01.
pub struct TwilioGateway {
    /// Its `Debug` shows the credential.
    twilio: Twilio,
    sender: Sender,
    base_url: Url,
    vendor: Vendor,
    clock: Clock,
}

impl TwilioGateway {
    /// A gateway that gives up a hand-over after `timeout`.
    ///
    /// # Errors
    /// Tells which key is wrong and what was expected; never the secret.
    pub fn new(settings: &TwilioSettings, timeout: Duration, clock: Clock) -> Result<Self, String> {
        let Account { sid, token, sender, base_url } = Account::read(settings)?;
        // The cause would quote the secret.
        let twilio = Twilio::new(sid, token.expose_secret())
            .map_err(|_| "twilio_auth_token: expected a secret that fits in a header")?;
        Ok(Self { twilio, sender, base_url, vendor: Vendor::new("twilio", timeout)?, clock })
    }
}

#[async_trait]
impl Gateway for TwilioGateway {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        let form = Form {
            sender: &self.sender,
            to: &delivery.to,
            body: &delivery.content.text,
            good_for: delivery.expires_at.since(self.clock.now()),
        };
        let request = request::build(&self.twilio, &self.base_url, &form)
            .ok_or_else(|| DeliveryError::Permanent(self.vendor.code("request")))?;
        let answer = self.vendor.call(request).await?;
        let reply = Reply::read(&answer.body);
        if answer.status.is_success() {
            let (message, sid) = (delivery.id, reply.sid());
            debug!(message:%, sid:%; "Twilio has the text");
            return Ok(());
        }
        Err(reply.code.map_or_else(
            || self.vendor.refusal(answer.status),
            |code| fault::meaning(code, answer.status, &self.vendor),
        ))
    }

    fn deadline(&self) -> Duration {
        self.vendor.timeout()
    }
}
