//! Texts by any vendor that takes a POST: address, headers and body are templates with `{{to}}`, `{{text}}` and `{{id}}`.

mod escaping;
mod settings;
mod template;

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Request;

use super::checked::Checked;
use super::gateway::{Delivery, DeliveryError, Gateway};
use super::reach::reach;
use super::vendor::Vendor;
use template::{RequestTemplate, Values};

pub use settings::HttpSettings;

/// Posts texts to a vendor.
pub struct HttpGateway {
    template: RequestTemplate,
    vendor: Vendor,
}

impl HttpGateway {
    /// A gateway that gives up a hand-over after `timeout`.
    ///
    /// # Errors
    /// Tells which key is wrong and what was expected; never a secret.
    pub fn new(settings: &HttpSettings, timeout: Duration) -> Result<Self, String> {
        let template = settings.read().map_err(|(key, fault)| format!("{key}: {fault}"))?;
        Ok(Self { template, vendor: Vendor::new("http", timeout)? })
    }

    /// Connects to the vendor and hangs up: there is no question that every vendor understands and that sends no text.
    pub async fn check(&self) -> Checked {
        let sample = Values { to: "", text: "", id: "" };
        let Ok(url) = self.template.address(&sample) else {
            return Checked::Broken("http_url: expected an address".to_owned());
        };
        let place = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or_default()
        );
        let over = if url.scheme() == "https" { "TLS" } else { "TCP" };
        match reach(&url, self.vendor.timeout()).await {
            Ok(()) => Checked::Sound(format!(
                "{place} takes connections over {over}; nothing was sent, so the credentials are untried"
            )),
            Err(fault) => Checked::Broken(format!("{place}: {fault}")),
        }
    }

    fn request(&self, delivery: &Delivery) -> Option<Request> {
        let id = delivery.id.to_string();
        self.template.fill(&Values { to: &delivery.to, text: &delivery.content.text, id: &id }).ok()
    }
}

#[async_trait]
impl Gateway for HttpGateway {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        let request =
            self.request(delivery).ok_or_else(|| DeliveryError::Permanent(self.vendor.code("request")))?;
        let answer = self.vendor.call(request).await?;
        if answer.status.is_success() { Ok(()) } else { Err(self.vendor.refusal(answer.status)) }
    }

    fn deadline(&self) -> Duration {
        self.vendor.timeout()
    }
}
