//! The section `[tokens]`.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::clock::Span;

/// How tokens are signed (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// Ed25519.
    EdDSA,
    /// ECDSA over P-256 with SHA-256.
    ES256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits.
    RS256,
    /// HMAC with SHA-256 under `hs256_key`.
    HS256,
}

impl Algorithm {
    /// The name in configuration, database and token header (RFC 7518 section 3.1, RFC 8037 section 3.1).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EdDSA => "EdDSA",
            Self::ES256 => "ES256",
            Self::RS256 => "RS256",
            Self::HS256 => "HS256",
        }
    }

    /// The algorithm of that name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::EdDSA, Self::ES256, Self::RS256, Self::HS256].into_iter().find(|known| known.as_str() == name)
    }
}

impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDSA => Self::EdDSA,
            Algorithm::ES256 => Self::ES256,
            Algorithm::RS256 => Self::RS256,
            Algorithm::HS256 => Self::HS256,
        }
    }
}

/// `[tokens]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenSettings {
    /// The only algorithm that is used and accepted.
    pub algorithm: Algorithm,
    /// base64, at least 32 bytes; for HS256.
    pub hs256_key: SecretString,
    /// `iss`; empty in the file: `public_url` (filled in by `settings`).
    pub issuer: String,
    /// `aud`
    pub audience: String,
    /// Life of an access token.
    pub access_lifetime: Span,
    /// Life of an unused refresh token.
    pub refresh_idle: Span,
    /// Life of a session.
    pub refresh_absolute: Span,
    /// Whether the two ASP.NET claim URIs are added.
    pub aspnet_claims: bool,
}
