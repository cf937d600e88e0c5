//! Which gateway carries what.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::anyhow;

use crate::courier::{Carrier, Gateway, Inbox, mail_gateway};
use crate::otp::{ProviderSettings, SmsGateway};
use crate::settings::Settings;

pub(super) fn gateways(
    settings: &Settings,
    inbox: &Inbox,
) -> anyhow::Result<HashMap<Carrier, Arc<dyn Gateway>>> {
    let mut gateways = HashMap::new();
    let mail = mail_gateway(&settings.mail, inbox).map_err(|fault| anyhow!("[mail]: {fault}"))?;
    gateways.insert(Carrier::Mail, mail);
    for (name, provider) in &settings.providers.0 {
        if let ProviderSettings::Sms { gateway: SmsGateway::Inbox, .. } = provider {
            let carrier = Carrier::Sms(name.clone());
            let gateway = inbox.gateway(&carrier);
            gateways.insert(carrier, gateway);
        }
    }
    Ok(gateways)
}
