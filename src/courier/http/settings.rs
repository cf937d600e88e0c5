//! The keys `http_*` of a provider of texts.

use std::collections::BTreeMap;

use reqwest::header::CONTENT_TYPE;
use secrecy::SecretString;

use super::escaping::Surroundings;
use super::template::{Fault, RequestTemplate, Values};

/// The keys `http_*` as they were written; empty where they were not.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// `http_url`
    pub url: SecretString,
    /// `http_headers`
    pub headers: BTreeMap<String, SecretString>,
    /// `http_body`
    pub body: SecretString,
}

/// Values that break out of whatever is not escaped.
pub(super) const SAMPLE: Values<'static> = Values {
    to: "+4670\"&x='y",
    text: "a\"b\\c\n&d=é</x> @host #048151",
    id: "00000000-0000-4000-8000-000000000000",
};

impl HttpSettings {
    /// What is wrong: a key, and what was expected of it.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        self.read().err()
    }

    /// Compiles the templates, and fills them in once to see that values stay values.
    pub(super) fn read(&self) -> Result<RequestTemplate, Fault> {
        let template = RequestTemplate::compile(self)?;
        let request = template.fill(&SAMPLE)?;
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_sound = match Surroundings::of(content_type.unwrap_or_default()) {
            Surroundings::Json => {
                body.is_empty() || serde_json::from_slice::<serde_json::Value>(body).is_ok()
            }
            Surroundings::Percent | Surroundings::Plain => true,
        };
        let expected = "expected JSON once it is filled in, with \"{{to}}\" and \"{{text}}\" in quotes";
        if is_sound { Ok(template) } else { Err(("http_body", expected.to_owned())) }
    }
}
