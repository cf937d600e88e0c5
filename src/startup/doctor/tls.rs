//! TLS as the server itself speaks it: key, dates and names of the certificate.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use url::Url;

use super::super::tls;
use crate::api::ServerSettings;
use crate::clock::Timestamp;
use crate::courier::{Checked, server_name};

/// Fewer days left than this are a warning.
const SOON: u64 = 14;
const DAY: u64 = 86_400;
/// The first second of the year 10000: no certificate reaches so far (RFC 5280 section 4.1.2.5).
const NEVER: u64 = 253_402_300_800;

pub(super) fn check(server: &ServerSettings, now: Timestamp) -> Checked {
    if server.tls_cert.is_empty() {
        return plain(server);
    }
    match own(server, now) {
        Ok(checked) => checked,
        Err(fault) => Checked::Broken(fault),
    }
}

fn plain(server: &ServerSettings) -> Checked {
    let ServerSettings { bind, public_url, trusted_proxies, .. } = server;
    if public_url.scheme() == "http" {
        return Checked::Sound(format!("plain HTTP on {bind}, as server.public_url has it"));
    }
    if trusted_proxies.is_empty() {
        return Checked::Doubtful(format!(
            "plain HTTP on {bind}, but server.public_url is https: set tls_cert and tls_key, or name the proxy in trusted_proxies"
        ));
    }
    let proxies: Vec<_> = trusted_proxies.iter().map(ToString::to_string).collect();
    Checked::Sound(format!(
        "plain HTTP on {bind} behind a proxy, which ends TLS, comes from {} and sends X-Forwarded-For",
        proxies.join(", ")
    ))
}

fn own(server: &ServerSettings, now: Timestamp) -> Result<Checked, String> {
    let ServerSettings { tls_cert, tls_key, public_url, .. } = server;
    let chain = tls::chain(server).map_err(|fault| format!("{fault:#}"))?;
    tls::serve(server, chain.clone()).map_err(|fault| format!("{fault:#}"))?;
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let certificate = Certificate::read(&chain)
        .ok_or_else(|| format!("{tls_cert}: not a certificate that can be served"))?;
    let is_public = match certificate.verify(seconds) {
        Ok(()) => true,
        Err(Dates::Over(at)) => return Err(format!("{tls_cert} expired on {}: renew it", instant(at))),
        Err(Dates::Early(at)) => {
            return Err(format!("{tls_cert} is good only from {}: wait, or set the clock", instant(at)));
        }
        Err(Dates::Fine) => false,
    };
    let host = public_url.host_str().unwrap_or_default();
    if !certificate.covers(public_url) {
        return Err(format!(
            "{tls_cert} is not for {host}, the host of server.public_url: get one that names it"
        ));
    }
    let Err(Dates::Over(end)) = certificate.verify(NEVER) else {
        return Err(format!("{tls_cert}: its dates cannot be read"));
    };
    let left = end.saturating_sub(seconds) / DAY;
    let issuer = if is_public {
        ""
    } else {
        "; no public authority stands behind it, so clients must be told to trust it (or its chain is incomplete)"
    };
    let told = format!(
        "{tls_cert} is for {host} and good until {} ({left} days), its key fits{issuer}",
        instant(end)
    );
    Ok(if left < SOON {
        Checked::Doubtful(format!("{told}: renew it"))
    } else if public_url.scheme() != "https" {
        Checked::Doubtful(format!(
            "{told}; but server.public_url begins with http://: links lead nowhere, make it https://"
        ))
    } else if is_open(tls_key) {
        Checked::Doubtful(format!("{told}; but everybody on this machine can read {tls_key}: chmod o-rwx"))
    } else {
        Checked::Sound(told)
    })
}

/// What the dates say at some time.
enum Dates {
    /// Nothing is wrong with them, but with something else.
    Fine,
    /// Expired at this second.
    Over(u64),
    /// Good from this second on.
    Early(u64),
}

/// The server's own certificate and those that lead to an authority.
struct Certificate<'a> {
    own: ParsedCertificate<'a>,
    others: &'a [CertificateDer<'a>],
    roots: RootCertStore,
}

impl<'a> Certificate<'a> {
    fn read(chain: &'a [CertificateDer<'a>]) -> Option<Self> {
        let (own, others) = chain.split_first()?;
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Some(Self { own: ParsedCertificate::try_from(own).ok()?, others, roots })
    }

    /// As a client that trusts the public authorities would, at this second. The dates are judged before anything else.
    fn verify(&self, second: u64) -> Result<(), Dates> {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(second));
        let known = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&self.own, &self.roots, self.others, at, known).map_err(
            |error| match error {
                Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => {
                    Dates::Over(not_after.as_secs())
                }
                Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => {
                    Dates::Early(not_before.as_secs())
                }
                _ => Dates::Fine,
            },
        )
    }

    fn covers(&self, url: &Url) -> bool {
        server_name(url).is_some_and(|name| verify_server_name(&self.own, &name).is_ok())
    }
}

fn instant(second: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(second).unwrap_or(i64::MAX).saturating_mul(1000))
}

fn is_open(file: &str) -> bool {
    std::fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}
