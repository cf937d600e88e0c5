//! The gateways of `kind = "sms"`.

use secrecy::ExposeSecret as _;

use super::{faults, load, sole_fault};
use crate::otp::{ProviderSettings, SmsGateway};

const TWILIO: &str = r#"
[providers.Sms]
enabled = true
twilio_account_sid = "AC00000000000000000000000000000042"
twilio_auth_token = "sesame"
twilio_from = "+15005550006"
"#;

const HTTP: &str = r#"
[providers.Sms]
enabled = true
gateway = "http"
http_url = "https://sms.example.com/send?key=sesame"
http_headers = { authorization = "Bearer sesame" }
http_body = '{"to":"{{to}}","text":"{{text}}"}'
"#;

fn gateway(file: &str) -> SmsGateway {
    let settings = load(file, &[]).unwrap();
    match settings.providers.0.into_iter().find(|(name, _)| name == "Sms") {
        Some((_, ProviderSettings::Sms { gateway, .. })) => gateway,
        _ => panic!("no texts"),
    }
}

#[cfg(feature = "twilio")]
#[test]
fn twilio_is_read_with_all_its_keys() {
    let service = TWILIO.replace(
        "twilio_from = \"+15005550006\"",
        "twilio_messaging_service_sid = \"MG00000000000000000000000000000042\"\ntwilio_base_url = \"http://127.0.0.1:1\"",
    );

    let SmsGateway::Twilio(number) = gateway(TWILIO) else { panic!() };
    let SmsGateway::Twilio(service) = gateway(&service) else { panic!() };

    assert_eq!(number.from, "+15005550006");
    assert_eq!(number.auth_token.expose_secret(), "sesame");
    assert_eq!(service.messaging_service_sid, "MG00000000000000000000000000000042");
    assert_eq!(service.base_url, "http://127.0.0.1:1");
}

#[test]
fn any_vendor_is_read_with_all_its_keys() {
    let SmsGateway::Http(http) = gateway(HTTP) else { panic!() };

    assert_eq!(http.url.expose_secret(), "https://sms.example.com/send?key=sesame");
    assert_eq!(http.headers["authorization"].expose_secret(), "Bearer sesame");
    assert_eq!(http.body.expose_secret(), r#"{"to":"{{to}}","text":"{{text}}"}"#);
}

#[cfg(feature = "twilio")]
#[test]
fn every_missing_key_of_twilio_is_named_at_once() {
    let faults = faults("providers.Sms.enabled = true", &[]);

    let names: Vec<_> = faults.iter().filter_map(|fault| fault.split(": ").nth(1)).collect();
    assert_eq!(
        names,
        ["providers.Sms.twilio_account_sid", "providers.Sms.twilio_auth_token", "providers.Sms.twilio_from"]
    );
}

#[cfg(feature = "twilio")]
#[test]
fn a_faulty_twilio_is_named_by_its_key_and_without_its_secret() {
    for (key, value) in [
        ("twilio_account_sid", "sesame"),
        ("twilio_auth_token", "sesame sesame"),
        ("twilio_from", "+1 sesame"),
        ("twilio_base_url", "http://sesame.example.com"),
    ] {
        let lines = TWILIO.lines().filter(|line| !line.starts_with(key));
        let file = format!("{}\n{key} = \"{value}\"", lines.collect::<Vec<_>>().join("\n"));

        let fault = sole_fault(&file, &[]);

        assert!(fault.starts_with(&format!("t.toml: providers.Sms.{key}: expected ")), "{fault}");
        assert!(!fault.contains("sesame"), "{fault}");
    }
    let both = format!("{TWILIO}twilio_messaging_service_sid = \"MG00000000000000000000000000000042\"");
    assert!(sole_fault(&both, &[]).contains("twilio_from: expected either this or"));
}

#[test]
fn a_faulty_vendor_is_named_by_its_key_and_without_its_secret() {
    for (key, from, to) in [
        ("http_url", "https://sms", "http://sms"),
        ("http_headers", "Bearer sesame", "{{ sesame }}"),
        ("http_body", "{{text}}", "sesame"),
        ("http_body", "\"{{to}}\"", "{{to}}"),
    ] {
        let fault = sole_fault(&HTTP.replace(from, to), &[]);

        assert!(fault.starts_with(&format!("t.toml: providers.Sms.{key}: expected ")), "{fault}");
        assert!(!fault.contains("sesame"), "{fault}");
    }
}

#[test]
fn a_gateway_that_is_turned_off_may_be_half_configured() {
    for file in [TWILIO, HTTP] {
        let off = file.replace("enabled = true", "enabled = false");
        assert_eq!(faults(&off.replace("sesame", ""), &[]), Vec::<String>::new());
    }
}
