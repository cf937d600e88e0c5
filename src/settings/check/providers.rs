//! Checks of `[providers.*]`.

use super::super::draft::Draft;
use crate::otp::{ProviderSettings, ProvidersSettings, SmsGateway};

pub(super) fn check(providers: &ProvidersSettings, draft: &mut Draft) {
    for (name, provider) in &providers.0 {
        let ProviderSettings::Sms { enabled, gateway, allowed_countries, .. } = provider else { continue };
        if *enabled {
            for (key, expected) in faults(gateway) {
                draft.refuse(&format!("providers.{name}.{key}"), expected);
            }
        }
        let is_code = |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if let Some(odd) = allowed_countries.iter().find(|code| !is_code(code)) {
            let expected =
                format!("expected ISO 3166 codes of two capital letters such as \"DE\", got {odd:?}");
            draft.refuse(&format!("providers.{name}.allowed_countries"), expected);
        }
    }
}

/// What is wrong with a gateway: keys, and what was expected.
fn faults(gateway: &SmsGateway) -> Vec<(&'static str, String)> {
    match gateway {
        SmsGateway::Inbox => Vec::new(),
        SmsGateway::Http(http) => http.fault().into_iter().collect(),
        SmsGateway::Twilio(_) if !cfg!(feature = "twilio") => {
            vec![("gateway", "expected another gateway: this program was built without Twilio".to_owned())]
        }
        SmsGateway::Twilio(twilio) => twilio.faults(),
    }
}
