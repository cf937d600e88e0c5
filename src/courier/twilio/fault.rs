//! What Twilio's error numbers mean for a text (<https://www.twilio.com/docs/api/errors>).

use reqwest::StatusCode;

use super::super::gateway::DeliveryError;
use super::super::vendor::Vendor;

/// Too many requests at once, a full queue of the sender, or Twilio itself: to be tried again.
const NOT_NOW: [u32; 5] = [14107, 20429, 20500, 20503, 21611];
/// Wrong credentials, a suspended account, a resource that is not there, a sender that is not ours or cannot send.
const NOT_SO: [u32; 15] =
    [20003, 20005, 20006, 20008, 20403, 20404, 21212, 21603, 21606, 21659, 21660, 21701, 21703, 21704, 21705];

/// What error `code`, answered with `status`, means. A 4xx with a number that is not listed is about this text or its recipient
/// (21211 no number, 21408 region not enabled, 21610 unsubscribed, 21614 not mobile): refused for good.
pub(super) fn meaning(code: u32, status: StatusCode, vendor: &Vendor) -> DeliveryError {
    let name = vendor.code(&code.to_string());
    if NOT_NOW.contains(&code) {
        return DeliveryError::Down(name);
    }
    if NOT_SO.contains(&code) {
        return DeliveryError::Misconfigured(name);
    }
    match vendor.refusal(status) {
        DeliveryError::Permanent(_) => DeliveryError::Permanent(name),
        DeliveryError::Transient(_) => DeliveryError::Transient(name),
        DeliveryError::Down(_) => DeliveryError::Down(name),
        DeliveryError::Misconfigured(_) => DeliveryError::Misconfigured(name),
        DeliveryError::Unknown(_) => DeliveryError::Unknown(name),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_number_says_who_has_to_act() {
        let vendor = Vendor::new("twilio", Duration::from_secs(1)).unwrap();
        for (status, code, meant) in [
            (400, 21211, DeliveryError::Permanent("twilio_21211".to_owned())),
            (400, 21408, DeliveryError::Permanent("twilio_21408".to_owned())),
            (400, 21610, DeliveryError::Permanent("twilio_21610".to_owned())),
            (400, 21614, DeliveryError::Permanent("twilio_21614".to_owned())),
            (400, 21611, DeliveryError::Down("twilio_21611".to_owned())),
            (400, 21606, DeliveryError::Misconfigured("twilio_21606".to_owned())),
            (401, 20003, DeliveryError::Misconfigured("twilio_20003".to_owned())),
            (403, 1, DeliveryError::Misconfigured("twilio_1".to_owned())),
            (404, 20404, DeliveryError::Misconfigured("twilio_20404".to_owned())),
            (429, 20429, DeliveryError::Down("twilio_20429".to_owned())),
            (500, 20500, DeliveryError::Down("twilio_20500".to_owned())),
            (504, 2, DeliveryError::Unknown("twilio_2".to_owned())),
        ] {
            let status = StatusCode::from_u16(status).unwrap();

            assert_eq!(meaning(code, status, &vendor), meant);
        }
    }
}
