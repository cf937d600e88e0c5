//! The request that Twilio gets, built by `twilio-async`.

use std::time::Duration;

use actix_web::http::Method;
use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};
use twilio_async::{Execute, Twilio, encode_pairs};
use url::Url;

use super::account::Sender;

/// The longest `ValidityPeriod` that every account may ask for, in seconds.
const LONGEST_VALIDITY: u64 = 14_400;

/// What is said of one text.
pub(super) struct Form<'a> {
    pub(super) sender: &'a Sender,
    pub(super) to: &'a str,
    pub(super) body: &'a str,
    /// Twilio drops the text when it could not send it on for so long.
    pub(super) good_for: Duration,
}

/// The request of `twilio-async`, addressed to `base_url`; `None` if it cannot be built.
pub(super) fn build(twilio: &Twilio, base_url: &Url, form: &Form<'_>) -> Option<Request> {
    let validity = form.good_for.as_secs().clamp(1, LONGEST_VALIDITY).to_string();
    let (from_key, from) = match form.sender {
        Sender::Number(number) => ("From", number.as_str()),
        Sender::MessagingService(sid) => ("MessagingServiceSid", sid.as_str()),
    };
    let pairs = [("To", form.to), (from_key, from), ("Body", form.body), ("ValidityPeriod", &validity)];
    let body = encode_pairs(pairs)?;
    let built =
        twilio.send_msg(from, form.to, form.body).request(Method::POST, "Messages.json", Some(body.clone()));
    let built = built.ok()?;

    let mut request = Request::new(reqwest::Method::POST, address(base_url, built.uri().path())?);
    // http 0.2 there, http 1 here.
    for (name, value) in built.headers() {
        let mut value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
        value.set_sensitive(true);
        request.headers_mut().insert(HeaderName::from_bytes(name.as_str().as_bytes()).ok()?, value);
    }
    *request.body_mut() = Some(body.into());
    Some(request)
}

/// `path` below `base_url`.
pub(super) fn address(base_url: &Url, path: &str) -> Option<Url> {
    let mut url = base_url.clone();
    let folder = base_url.path().trim_end_matches('/');
    url.set_path(&format!("{folder}{path}"));
    url.as_str().starts_with(base_url.as_str().trim_end_matches('/')).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(sender: &Sender, base_url: &str, good_for: Duration) -> Request {
        let twilio = Twilio::new("AC0123", "hunter2").unwrap();
        let body = "048151 & more\n@host #048151";
        let form = Form { sender, to: "+4670&x=y", body, good_for };
        build(&twilio, &base_url.parse().unwrap(), &form).unwrap()
    }

    fn form(request: &Request) -> Vec<(String, String)> {
        let body = request.body().unwrap().as_bytes().unwrap();
        url::form_urlencoded::parse(body).into_owned().collect()
    }

    #[test]
    fn the_request_is_twilios_at_the_configured_address() {
        let sender = Sender::Number("+15005550006".to_owned());
        let request = built(&sender, "https://api.twilio.com", Duration::from_mins(5));

        assert_eq!(request.method(), "POST");
        assert_eq!(request.url().as_str(), "https://api.twilio.com/2010-04-01/Accounts/AC0123/Messages.json");
        assert_eq!(request.headers()["authorization"], "Basic QUMwMTIzOmh1bnRlcjI=");
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        let expected = [
            ("To", "+4670&x=y"),
            ("From", "+15005550006"),
            ("Body", "048151 & more\n@host #048151"),
            ("ValidityPeriod", "300"),
        ];
        assert_eq!(form(&request), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(!format!("{request:?}").contains("QUMw"));
    }

    #[test]
    fn a_messaging_service_stands_in_for_the_number_and_a_base_may_have_a_path() {
        let sender = Sender::MessagingService("MG1".to_owned());
        let request = built(&sender, "http://127.0.0.1:1/proxy/", Duration::from_hours(24));

        assert_eq!(
            request.url().as_str(),
            "http://127.0.0.1:1/proxy/2010-04-01/Accounts/AC0123/Messages.json"
        );
        let form = form(&request);
        assert!(form.contains(&("MessagingServiceSid".to_owned(), "MG1".to_owned())), "{form:?}");
        assert!(!form.iter().any(|(key, _)| key == "From"), "{form:?}");
        assert!(form.contains(&("ValidityPeriod".to_owned(), "14400".to_owned())), "{form:?}");
    }
}
