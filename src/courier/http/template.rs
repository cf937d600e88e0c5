//! A request as a template.

use std::collections::BTreeSet;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Request};
use secrecy::ExposeSecret;
use url::Url;

use super::escaping::Surroundings;
use super::settings::{HttpSettings, SAMPLE};
use crate::courier::vendor_url;

/// What a template may name.
const NAMES: [&str; 3] = ["to", "text", "id"];
/// The content type of a body whose headers name none.
const DEFAULT_CONTENT_TYPE: &str = "application/json";

/// A key, and what was expected of it.
pub(super) type Fault = (&'static str, String);

/// What is filled in.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) to: &'a str,
    pub(super) text: &'a str,
    /// The message's id: a repeat has the same.
    pub(super) id: &'a str,
}

/// A request to be filled in.
pub(super) struct RequestTemplate {
    url: Part,
    headers: Vec<(HeaderName, Part)>,
    body: Part,
    content_type: HeaderValue,
}

/// One template of the request.
struct Part {
    environment: Environment<'static>,
    key: &'static str,
}

impl RequestTemplate {
    pub(super) fn compile(settings: &HttpSettings) -> Result<Self, Fault> {
        let url = Part::compile("http_url", settings.url.expose_secret(), Surroundings::Percent)?;
        let mut headers = Vec::new();
        let mut content_type = DEFAULT_CONTENT_TYPE.to_owned();
        for (name, value) in &settings.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| ("http_headers", "expected names of headers".to_owned()))?;
            if name == CONTENT_TYPE {
                value.expose_secret().clone_into(&mut content_type);
                continue;
            }
            headers.push((name, Part::compile("http_headers", value.expose_secret(), Surroundings::Plain)?));
        }
        let surroundings = Surroundings::of(&content_type);
        let content_type = HeaderValue::from_str(&content_type)
            .map_err(|_| ("http_headers", "expected a content-type".to_owned()))?;
        let body = Part::compile("http_body", settings.body.expose_secret(), surroundings)?;
        let template = Self { url, headers, body, content_type };
        template.address(&SAMPLE)?;
        template.check_names()?;
        Ok(template)
    }

    /// The request with `values` in it.
    pub(super) fn fill(&self, values: &Values<'_>) -> Result<Request, Fault> {
        let url = self.address(values)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let mut value = HeaderValue::from_str(&value.fill(values)?)
                .map_err(|_| ("http_headers", "expected values without line breaks".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        let mut request = Request::new(Method::POST, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(self.body.fill(values)?.into());
        Ok(request)
    }

    /// Where the request goes.
    pub(super) fn address(&self, values: &Values<'_>) -> Result<Url, Fault> {
        let form = "expected https://HOST/… without a user, or http:// on a loopback host";
        let url = Url::parse(&self.url.fill(values)?).ok().filter(vendor_url::is_safe);
        url.ok_or_else(|| ("http_url", form.to_owned()))
    }

    fn check_names(&self) -> Result<(), Fault> {
        let mut used = BTreeSet::new();
        for part in self.headers.iter().map(|(_, part)| part).chain([&self.url, &self.body]) {
            let names = part.names();
            // The odd one is not quoted: it may be a part of a secret.
            if !names.iter().all(|name| NAMES.contains(&name.as_str())) {
                return Err((part.key, format!("expected no name but {} in {{{{…}}}}", NAMES.join(", "))));
            }
            used.extend(names);
        }
        let missing = NAMES.iter().take(2).find(|name| !used.contains(**name));
        missing.map_or(Ok(()), |name| Err(("http_body", format!("expected {{{{{name}}}}} in it"))))
    }
}

impl Part {
    fn compile(key: &'static str, text: &str, surroundings: Surroundings) -> Result<Self, Fault> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(move |out, state, value| surroundings.format(out, state, value));
        // The cause would quote the template, and that a secret.
        environment
            .add_template_owned(key, text.to_owned())
            .map_err(|_| (key, "expected a template such as {{to}} and {{text}}".to_owned()))?;
        Ok(Self { environment, key })
    }

    fn names(&self) -> BTreeSet<String> {
        let template = self.environment.get_template(self.key).ok();
        template
            .map(|template| template.undeclared_variables(false).into_iter().collect())
            .unwrap_or_default()
    }

    fn fill(&self, values: &Values<'_>) -> Result<String, Fault> {
        let Values { to, text, id } = *values;
        let template = self.environment.get_template(self.key);
        template
            .and_then(|template| template.render(context! { to, text, id }))
            .map_err(|_| (self.key, "expected a template that can be filled in".to_owned()))
    }
}
