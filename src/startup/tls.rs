//! The certificate that the server itself shows.

use anyhow::{Context as _, anyhow, ensure};
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::api::ServerSettings;

/// What TLS is served with; `None`: plain HTTP.
pub(super) fn config(settings: &ServerSettings) -> anyhow::Result<Option<ServerConfig>> {
    if settings.tls_cert.is_empty() {
        return Ok(None);
    }
    serve(settings, chain(settings)?).map(Some)
}

/// The certificates of `tls_cert`, the server's own first.
pub(super) fn chain(settings: &ServerSettings) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(&settings.tls_cert)
        .and_then(Iterator::collect::<Result<_, _>>)
        .map_err(|error| anyhow!("server.tls_cert: cannot read {}: {}", settings.tls_cert, reason(&error)))?;
    ensure!(!chain.is_empty(), "server.tls_cert: no certificate in PEM in {}", settings.tls_cert);
    Ok(chain)
}

/// TLS with `chain` and the key of `tls_key`.
pub(super) fn serve(
    settings: &ServerSettings,
    chain: Vec<CertificateDer<'static>>,
) -> anyhow::Result<ServerConfig> {
    let key = PrivateKeyDer::from_pem_file(&settings.tls_key)
        .map_err(|error| anyhow!("server.tls_key: cannot read {}: {}", settings.tls_key, reason(&error)))?;
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("server.tls_cert and server.tls_key do not belong together")
}

/// Why a file could not be read. The error itself repeats the line that it did not understand, which may be the whole key.
fn reason(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.kind().to_string(),
        pem::Error::NoItemsFound => "it holds nothing of the kind in PEM".to_owned(),
        _ => "it is not PEM, whose lines are kept apart by line breaks".to_owned(),
    }
}
