//! Why a connection came to nothing, in words that hold nothing of what the other side said.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// The reason at the bottom of `error`, if it is one of TLS or of the system.
#[must_use]
pub fn cause(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls_fault(tls));
        }
        next = match error.downcast_ref::<io::Error>() {
            // `source` would leave it out.
            Some(io) => match io.get_ref() {
                Some(inner) => Some(inner),
                None => return Some(io.kind().to_string()),
            },
            None => error.source(),
        };
    }
    None
}

fn tls_fault(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(fault) => certificate_fault(fault).to_owned(),
        rustls::Error::InvalidMessage(_) => "it does not speak TLS on this port".to_owned(),
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
            let cause = cause(&wrapped(rustls::Error::InvalidCertificate(fault))).unwrap();
            assert!(cause.contains(told), "{cause}");
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(cause(&refused).unwrap(), "connection refused");
        assert_eq!(cause(&io::Error::other("what a peer said")), None);
    }
}
