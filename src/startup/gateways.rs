//! Which gateway carries what.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::anyhow;

use crate::clock::Clock;
#[cfg(feature = "twilio")]
use crate::courier::TwilioGateway;
use crate::courier::{Carrier, Gateway, HttpGateway, Inbox, TEXT_TIMEOUT, TwilioSettings, mail_gateway};
use crate::otp::{ProviderSettings, SmsGateway};
use crate::settings::Settings;

/// A gateway for mail and one for every provider of texts. One that is turned off has its gateway too if that is wholly configured: it
/// finishes what an earlier process has queued.
pub(super) fn gateways(
    settings: &Settings,
    inbox: &Inbox,
    clock: &Clock,
) -> anyhow::Result<HashMap<Carrier, Arc<dyn Gateway>>> {
    let mut gateways = HashMap::new();
    let mail = mail_gateway(&settings.mail, inbox, clock).map_err(|fault| anyhow!("[mail]: {fault}"))?;
    gateways.insert(Carrier::Mail, mail);
    for (name, provider) in &settings.providers.0 {
        let ProviderSettings::Sms { enabled, gateway, .. } = provider else { continue };
        let carrier = Carrier::Sms(name.clone());
        match text_gateway(gateway, &carrier, inbox, clock) {
            Ok(gateway) => {
                gateways.insert(carrier, gateway);
            }
            Err(_) if !enabled => {}
            Err(fault) => return Err(anyhow!("[providers.{name}]: {fault}")),
        }
    }
    Ok(gateways)
}

fn text_gateway(
    gateway: &SmsGateway,
    carrier: &Carrier,
    inbox: &Inbox,
    clock: &Clock,
) -> Result<Arc<dyn Gateway>, String> {
    match gateway {
        SmsGateway::Inbox => Ok(inbox.gateway(carrier)),
        SmsGateway::Http(http) => Ok(Arc::new(HttpGateway::new(http, TEXT_TIMEOUT)?)),
        SmsGateway::Twilio(twilio) => by_twilio(twilio, clock),
    }
}

#[cfg(feature = "twilio")]
fn by_twilio(settings: &TwilioSettings, clock: &Clock) -> Result<Arc<dyn Gateway>, String> {
    Ok(Arc::new(TwilioGateway::new(settings, TEXT_TIMEOUT, clock.clone())?))
}

#[cfg(not(feature = "twilio"))]
fn by_twilio(_: &TwilioSettings, _: &Clock) -> Result<Arc<dyn Gateway>, String> {
    Err("this program was built without Twilio".to_owned())
}
