//! The relays of `[mail]`, and the gateways of the enabled providers of texts.

use std::time::Duration;

use super::{Check, Outcome, start};
use crate::clock::Clock;
use crate::courier::{
    Checked, HttpGateway, HttpSettings, MailSettings, TEXT_TIMEOUT, Transport, TwilioSettings, relays,
};
use crate::otp::{ProviderSettings, ProvidersSettings, SmsGateway};

const RELAY: &str = "mail relay";
/// Gateways give up by themselves; this is for what they could forget.
const SPARE: Duration = Duration::from_secs(2);
const CAUGHT: &str = "caught in the development inbox, nothing is sent";

/// One check for each relay.
pub(super) fn mail(settings: &MailSettings) -> Vec<Check<'_>> {
    let limit = settings.timeout.0 + SPARE;
    if settings.transport == Transport::Inbox {
        return vec![start(RELAY, limit, async { Checked::Sound(format!("mails are {CAUGHT}")).into() })];
    }
    match relays(settings) {
        Ok((first, second)) => {
            let first = start(RELAY, limit, async move { first.check().await.into() });
            let second = second.map(|relay| {
                start("mail relay (fallback)", limit, async move { relay.check().await.into() })
            });
            std::iter::once(first).chain(second).collect()
        }
        Err(fault) => vec![start(RELAY, limit, async { Checked::Broken(fault).into() })],
    }
}

/// One check for each enabled provider of texts.
pub(super) fn texts<'a>(
    providers: &'a ProvidersSettings,
    clock: &'a Clock,
) -> impl Iterator<Item = Check<'a>> {
    providers.0.iter().filter_map(move |(name, provider)| match provider {
        ProviderSettings::Sms { enabled: true, gateway, .. } => {
            Some(start(format!("SMS gateway {name}"), TEXT_TIMEOUT + SPARE, text(name, gateway, clock)))
        }
        ProviderSettings::Sms { enabled: false, .. }
        | ProviderSettings::Email { .. }
        | ProviderSettings::Authenticator { .. } => None,
    })
}

async fn text(name: &str, gateway: &SmsGateway, clock: &Clock) -> Outcome {
    match gateway {
        SmsGateway::Inbox => Checked::Sound(format!("texts are {CAUGHT}")).into(),
        SmsGateway::Http(settings) => vendor(settings).await.into(),
        SmsGateway::Twilio(settings) => twilio(name, settings, clock).await,
    }
}

async fn vendor(settings: &HttpSettings) -> Checked {
    match HttpGateway::new(settings, TEXT_TIMEOUT) {
        Ok(gateway) => gateway.check().await,
        Err(fault) => Checked::Broken(fault),
    }
}

#[cfg(feature = "twilio")]
async fn twilio(name: &str, settings: &TwilioSettings, clock: &Clock) -> Outcome {
    let (checked, ahead) = crate::courier::check_account(settings, TEXT_TIMEOUT, clock).await;
    let evidence = ahead.map(|ahead| super::Evidence::clock(format!("Twilio's clock ({name})"), ahead));
    Outcome(checked, evidence.into_iter().collect())
}

#[cfg(not(feature = "twilio"))]
fn twilio(_: &str, _: &TwilioSettings, _: &Clock) -> std::future::Ready<Outcome> {
    let fault = "this program was built without Twilio: use another gateway";
    std::future::ready(Checked::Broken(fault.to_owned()).into())
}
