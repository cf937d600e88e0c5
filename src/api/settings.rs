//! The section `[server]`.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::clock::Span;

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// `HOST:PORT`; port 0 picks a free one.
    pub bind: String,
    /// Where links in mails start.
    pub public_url: Url,
    /// CORS, and where a request's `clientURI` may point.
    pub allowed_origins: Vec<String>,
    /// Whose `Forwarded` and `X-Forwarded-For` are believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// 0: one per core.
    pub workers: usize,
    /// How long a stop may take.
    pub shutdown_timeout: Span,
    /// How long a request may take.
    pub request_timeout: Span,
    /// Largest body, bytes.
    pub body_limit: usize,
    /// PEM file; empty: plain HTTP.
    pub tls_cert: String,
    /// PEM file.
    pub tls_key: String,
}

/// Networks in CIDR notation (RFC 4632); a bare address is a network of one.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let parse = |text: String| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    Vec::<String>::deserialize(deserializer)?
        .into_iter()
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(Error::custom)
}

#[cfg(test)]
impl ServerSettings {
    /// A server at `public_url` that lets pages of `origin` in.
    pub(in crate::api) fn sample(public_url: &str, origin: &str) -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self {
            bind: "127.0.0.1:0".to_owned(),
            public_url: Url::parse(public_url).unwrap(),
            allowed_origins: vec![origin.to_owned()],
            trusted_proxies: Vec::new(),
            workers: 1,
            shutdown_timeout: Span::seconds(1),
            request_timeout: Span::seconds(1),
            body_limit: 65_536,
            tls_cert: String::new(),
            tls_key: String::new(),
        })
    }
}
