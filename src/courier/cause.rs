//! Why a connection came to nothing, in words that hold nothing of what the other side said.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The way there: `connection refused`.
    Network(String),
    /// Who or what answers there.
    Tls(String),
}

impl Cause {
    /// The reason at the bottom of `error`, if it is one of TLS or of the system.
    #[must_use]
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Some(Self::Tls(tls_fault(tls)));
            }
            next = match error.downcast_ref::<io::Error>() {
                // `source` would leave it out.
                Some(io) => match io.get_ref() {
                    Some(inner) => Some(inner),
                    None => return Some(Self::Network(io.kind().to_string())),
                },
                None => error.source(),
            };
        }
        None
    }

    /// What happened, and what to do: on the way there `keys` and the firewall are to be checked.
    #[must_use]
    pub fn advice(&self, keys: &str) -> String {
        match self {
            Self::Network(why) => format!("no connection: {why}; check {keys} and firewall"),
            Self::Tls(why) => format!("no secure connection: {why}"),
        }
    }

    /// As [`Cause::advice`], of `error`.
    #[must_use]
    pub fn advice_on(error: &(dyn Error + 'static), keys: &str) -> String {
        let unknown = || Self::Network("it broke off".to_owned());
        Self::of(error).unwrap_or_else(unknown).advice(keys)
    }
}

fn tls_fault(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(fault) => certificate_fault(fault).to_owned(),
        rustls::Error::InvalidMessage(_) => "TLS is not spoken on this port, check it".to_owned(),
        rustls::Error::AlertReceived(alert) => format!("it refuses TLS with us ({alert:?})"),
        rustls::Error::PeerIncompatible(_) => "it speaks no TLS that is safe enough".to_owned(),
        _ => "TLS with it failed".to_owned(),
    }
}

fn certificate_fault(fault: &CertificateError) -> &'static str {
    match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired, or the clock here is wrong"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet, or the clock here is wrong"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name: use the one in it"
        }
        CertificateError::UnknownIssuer => {
            "its certificate leads to no public authority: it is self-signed, of a private one, or sent without its chain"
        }
        CertificateError::Revoked => "its certificate was revoked",
        _ => "its certificate cannot be accepted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_found_below_what_wraps_it() {
        let wrapped = |inner: rustls::Error| io::Error::other(io::Error::other(inner));

        for (fault, told) in [
            (CertificateError::Expired, "expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::NotValidForName, "another name"),
            (CertificateError::UnknownIssuer, "no public authority"),
            (CertificateError::Revoked, "revoked"),
        ] {
            let cause = Cause::of(&wrapped(rustls::Error::InvalidCertificate(fault))).unwrap();
            assert!(matches!(&cause, Cause::Tls(why) if why.contains(told)), "{cause:?}");
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(Cause::of(&refused).unwrap(), Cause::Network("connection refused".to_owned()));
        assert_eq!(Cause::of(&io::Error::other("what a peer said")), None);
    }
}
