//! Stands in for the crate `hyper-tls`: the one connector that `twilio-async` asks of it, over rustls and the roots of Mozilla
//! instead of OpenSSL.

mod stream;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper::client::HttpConnector;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, crypto};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tower_service::Service;

pub use stream::MaybeHttpsStream;

/// What a connection can fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Connects by `T`, and protects the connection where the scheme is `https`.
#[derive(Clone)]
pub struct HttpsConnector<T> {
    http: T,
    tls: Option<TlsConnector>,
}

impl HttpsConnector<HttpConnector> {
    /// A connector over TCP that trusts the public roots.
    #[must_use]
    pub fn new() -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        Self { http, tls: public_roots() }
    }
}

impl Default for HttpsConnector<HttpConnector> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for HttpsConnector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpsConnector")
    }
}

/// `None` only if rustls and ring do not fit each other; every `https` connection is then refused.
fn public_roots() -> Option<TlsConnector> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?;
    Some(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

impl<T> Service<Uri> for HttpsConnector<T>
where
    T: Service<Uri>,
    T::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    T::Future: Send + 'static,
    T::Error: Into<BoxError>,
{
    type Response = MaybeHttpsStream<T::Response>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.http.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let protected = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let tls = self.tls.clone();
        let connecting = self.http.call(uri);
        Box::pin(async move {
            if !protected {
                return Ok(MaybeHttpsStream::Http(connecting.await.map_err(Into::into)?));
            }
            let tls = tls.ok_or("TLS cannot be set up")?;
            let name = ServerName::try_from(host)?;
            let stream = connecting.await.map_err(Into::into)?;
            Ok(MaybeHttpsStream::Https(Box::new(tls.connect(name, stream).await?)))
        })
    }
}
