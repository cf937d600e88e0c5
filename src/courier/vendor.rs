//! Talking to a vendor of texts over HTTP: one request, a deadline, a small answer, and what a failure means.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "twilio")]
use reqwest::RequestBuilder;
use reqwest::header::DATE;
use reqwest::{Client, Request, StatusCode, redirect};
use rustls::{ClientConfig, RootCertStore};
use tokio::time::Instant;
#[cfg(feature = "twilio")]
use url::Url;

use super::cause::Cause;
use super::gateway::DeliveryError;
use crate::clock::{Timestamp, parse_http_date};

/// One hand-over of a text, from the connection to the answer.
pub const TEXT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection is kept for the next text: a vendor that closes it meanwhile would leave a text in doubt.
const IDLE: Duration = Duration::from_secs(5);
/// How much of an answer is read.
const MOST_READ: usize = 64 * 1024;

/// A client for one vendor.
pub(super) struct Vendor {
    client: Client,
    /// First part of every code: `twilio`, `http`.
    name: &'static str,
    timeout: Duration,
}

/// What a vendor answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// At most 64 KiB; less when the connection broke or the time was over.
    pub(super) body: Vec<u8>,
    /// What the vendor's clock showed, and when that was heard.
    #[cfg_attr(not(feature = "twilio"), expect(dead_code, reason = "only Twilio is asked for the time"))]
    pub(super) date: Option<(Timestamp, Instant)>,
}

/// Why there is no answer.
pub(super) enum Silence {
    /// There was no connection; the reason, if it is known.
    Unreached(
        #[cfg_attr(not(feature = "twilio"), expect(dead_code, reason = "only Twilio is asked why"))]
        Option<Cause>,
    ),
    /// Nobody could send such a request.
    Unsendable,
    /// The request may have been read.
    BrokenOff,
    /// As [`Silence::BrokenOff`].
    TimedOut,
}

/// How vendors are trusted: by the public authorities.
pub(super) fn tls() -> Result<ClientConfig, String> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| "TLS cannot be set up")?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

impl Vendor {
    pub(super) fn new(name: &'static str, timeout: Duration) -> Result<Self, String> {
        let tls = tls()?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            // A code is for the vendor that was configured, not for whom it names.
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(timeout / 3)
            .pool_idle_timeout(IDLE)
            .build()
            .map_err(|_| "TLS cannot be set up")?;
        Ok(Self { client, name, timeout })
    }

    /// How long [`Vendor::call`] takes at most.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// A question, to be filled in and [asked](Vendor::ask).
    #[cfg(feature = "twilio")]
    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    /// Sends `request` and reads the answer.
    pub(super) async fn call(&self, request: Request) -> Result<Answer, DeliveryError> {
        self.ask(request).await.map_err(|silence| match silence {
            Silence::Unreached(_) => DeliveryError::Down(self.code("connection")),
            Silence::Unsendable => DeliveryError::Permanent(self.code("request")),
            Silence::BrokenOff => DeliveryError::Unknown(self.code("connection")),
            Silence::TimedOut => DeliveryError::Unknown(self.code("timeout")),
        })
    }

    /// As [`Vendor::call`], and tells why there was no answer.
    pub(super) async fn ask(&self, request: Request) -> Result<Answer, Silence> {
        let deadline = Instant::now() + self.timeout;
        let sending = tokio::time::timeout_at(deadline, self.client.execute(request));
        let mut response = match sending.await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => return Err(Silence::Unreached(Cause::of(&error))),
            Ok(Err(error)) if error.is_builder() => return Err(Silence::Unsendable),
            Ok(Err(_)) => return Err(Silence::BrokenOff),
            Err(_) => return Err(Silence::TimedOut),
        };
        let date = response.headers().get(DATE).and_then(|date| parse_http_date(date.to_str().ok()?));
        let date = date.map(|date| (date, Instant::now()));
        let mut answer = Answer { status: response.status(), body: Vec::new(), date };
        // The status has told what counts: an answer that breaks off is read as far as it came.
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout_at(deadline, response.chunk()).await {
            answer.body.extend(chunk.iter().take(MOST_READ - answer.body.len()));
            if answer.body.len() >= MOST_READ {
                break;
            }
        }
        Ok(answer)
    }

    /// What an answer other than success means, by its status alone.
    pub(super) fn refusal(&self, status: StatusCode) -> DeliveryError {
        let code = self.code(status.as_str());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => DeliveryError::Misconfigured(code),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => DeliveryError::Down(code),
            // Whoever stands before the vendor passed the request on and heard nothing.
            StatusCode::GATEWAY_TIMEOUT => DeliveryError::Unknown(code),
            status if status.is_client_error() => DeliveryError::Permanent(code),
            status if status.is_redirection() => DeliveryError::Misconfigured(code),
            _ => DeliveryError::Down(code),
        }
    }

    /// `twilio_timeout`, `http_503`.
    pub(super) fn code(&self, what: &str) -> String {
        format!("{}_{what}", self.name)
    }
}
