//! The id by which a request is found in the log.

use std::fmt;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HeaderValue;
use actix_web::{HttpMessage as _, HttpRequest};

/// Name of the header, in requests and answers.
pub(super) const NAME: &str = "x-request-id";

const LONGEST: usize = 64;

/// The id of a request. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::api) struct RequestId(HeaderValue);

impl RequestId {
    /// The id that the request came with, if it is a sane one, or else a random one; [`RequestId::of`] finds it again.
    pub(super) fn assign(request: &ServiceRequest) -> Self {
        let id = match request.headers().get(NAME) {
            Some(id) if is_sane(id.as_bytes()) => Self(id.clone()),
            _ => Self::random(),
        };
        request.extensions_mut().insert(id.clone());
        id
    }

    /// The id of a request.
    pub(in crate::api) fn of(request: &HttpRequest) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_else(Self::random)
    }

    /// The value of the header.
    pub(super) fn value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Unlikely to come twice; not a secret.
    fn random() -> Self {
        let id = format!("{:032x}", rand::random::<u128>());
        Self(HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("none")))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

fn is_sane(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_plain_id_is_taken_over() {
        assert!(is_sane(b"0af7651916cd43dd-8448.eb_1"));
        assert!(is_sane("a".repeat(64).as_bytes()));
        for id in ["", "a b", "a\"b", "a,b", "é", &"a".repeat(65)] {
            assert!(!is_sane(id.as_bytes()), "{id}");
        }
    }
}
