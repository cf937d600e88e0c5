//! A provider and a gateway of one's own: codes go to a webhook, which may hand them to a pager, a chat or a printer.
//!
//! `cargo run --example webhook_provider -- http://127.0.0.1:9000/codes` starts the server with the provider `Webhook` beside the configured
//! ones; each code is posted there as `{"to", "text"}`. `[providers.*]` and all else come from `twostep.toml` and the environment, as ever.

use std::time::Duration;

use serde_json::json;
use twostep::courier::{Carrier, Content, Delivery, DeliveryError, Gateway};
use twostep::otp::{
    Account, Code, CodeContext, Destination, OtpProvider, ProviderError, ProviderKind, async_trait,
};
use twostep::settings::{Source, environment};
use twostep::startup::{Blueprint, logging};

/// The name under which the provider is registered: what users prefer, and what clients send as `provider`.
pub(crate) const NAME: &str = "Webhook";

/// Adds provider and gateway: the one line that registers them.
pub(crate) fn register(blueprint: Blueprint, url: &str) -> Blueprint {
    let carrier = Carrier::Custom(NAME.to_owned());
    blueprint
        .providers(|registry| registry.register(NAME, WebhookProvider))
        .gateway(carrier, Webhook::new(url))
}

/// Says who gets codes, and words them. The code itself is drawn, kept and judged by the server.
pub(crate) struct WebhookProvider;

#[async_trait]
impl OtpProvider for WebhookProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Custom
    }

    /// Valid for everybody with a confirmed address, which names them at the webhook.
    async fn valid_for(&self, account: &Account) -> Result<Option<Destination>, ProviderError> {
        let destination = Destination { address: account.email.clone(), masked: "your pager".to_owned() };
        Ok(account.email_confirmed.then_some(destination))
    }

    async fn compose(
        &self,
        _account: &Account,
        code: &Code,
        context: &CodeContext,
    ) -> Result<twostep::courier::Message, ProviderError> {
        let text = format!("{} is your code, good for {} minutes", code.expose(), context.minutes);
        let words = Content { subject: String::new(), text, html: String::new() };
        Ok(context.message(Carrier::Custom(NAME.to_owned()), words, code))
    }
}

/// Posts messages to a URL. The courier calls it again when it fails for now, and lets it rest when it fails again and again.
pub(crate) struct Webhook {
    url: String,
    http: reqwest::Client,
}

impl Webhook {
    /// How long one hand-over may take.
    const DEADLINE: Duration = Duration::from_secs(5);

    /// A gateway to `url`.
    #[must_use]
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), http: reqwest::Client::new() }
    }
}

#[async_trait]
impl Gateway for Webhook {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        let body = json!({ "to": delivery.to, "text": delivery.content.text });
        let request = self.http.post(&self.url).timeout(Self::DEADLINE).json(&body);
        // What goes wrong is told by a stable word, which is logged: never by the message or the URL.
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) if answer.status().is_client_error() => {
                Err(DeliveryError::Permanent(format!("webhook_{}", answer.status().as_u16())))
            }
            Ok(answer) => Err(DeliveryError::Transient(format!("webhook_{}", answer.status().as_u16()))),
            Err(error) if error.is_connect() => Err(DeliveryError::Down("webhook_connect".to_owned())),
            Err(_) => Err(DeliveryError::Unknown("webhook_lost".to_owned())),
        }
    }

    fn deadline(&self) -> Duration {
        Self::DEADLINE
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Only https needs it; refused when there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let url = std::env::args()
        .nth(1)
        .ok_or("expected the URL of a webhook, such as http://127.0.0.1:9000/codes")?;
    let source = Source::new(None, environment()?);
    let settings = source.load()?;
    let log = logging::start(&settings.log);

    register(Blueprint::new(settings), &url).serve(source, log.levels()).await?;
    Ok(())
}
