//! One signing key: its private part, its public part, and its name.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Algorithm, KeyError};

/// A key that signs and checks.
pub(super) struct SigningKey {
    /// `kid`
    pub(super) id: String,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    /// What others may know of it; nothing of a shared secret.
    pub(super) public: Option<Jwk>,
}

/// HMAC keys are at least as long as the digest (RFC 7518 section 3.2).
const SHORTEST_SECRET: usize = 32;

impl SigningKey {
    /// Opens the private key in a PKCS#8 document (RFC 5958). Its `kid` is the RFC 7638 thumbprint.
    pub(super) fn from_pkcs8(algorithm: Algorithm, document: &[u8]) -> Result<Self, KeyError> {
        let encoding = match algorithm {
            Algorithm::EdDSA => EncodingKey::from_ed_der(document),
            Algorithm::ES256 => EncodingKey::from_ec_der(document),
            // jsonwebtoken signs with the key inside the document; its PEM reader knows how to get it out.
            Algorithm::RS256 => EncodingKey::from_rsa_pem(pem(document).as_bytes())?,
            Algorithm::HS256 => return Err(KeyError::Unusable("HS256 keys are not kept".to_owned())),
        };
        let mut public = Jwk::from_encoding_key(&encoding, algorithm.into())?;
        let id = public.thumbprint(ThumbprintHash::SHA256)?;
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        public.common.key_id = Some(id.clone());
        let decoding = DecodingKey::from_jwk(&public)?;
        Ok(Self { id, encoding, decoding, public: Some(public) })
    }

    /// The shared secret of HS256 from base64. Its `kid` is a MAC under the secret: it tells no more than a token does.
    pub(super) fn from_secret(secret: &str) -> Result<Self, KeyError> {
        let expected = || KeyError::Unusable("hs256_key: expected base64 of at least 32 bytes".to_owned());
        let secret = Zeroizing::new(STANDARD.decode(secret.trim()).map_err(|_| expected())?);
        if secret.len() < SHORTEST_SECRET {
            return Err(expected());
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).map_err(|_| expected())?;
        mac.update(b"twostep/kid/1");
        Ok(Self {
            id: URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()),
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
            public: None,
        })
    }
}

/// Draws a key pair as a PKCS#8 document. RSA takes a while: not for an async thread.
pub(super) fn generate(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let no_key = |_| KeyError::Unusable("the cryptographic library made no key".to_owned());
    let document = match algorithm {
        Algorithm::EdDSA => {
            let pair = Ed25519KeyPair::generate().map_err(no_key)?;
            pair.to_pkcs8v1().map_err(no_key)?.as_ref().to_vec()
        }
        Algorithm::ES256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(no_key)?;
            pair.to_pkcs8v1().map_err(no_key)?.as_ref().to_vec()
        }
        Algorithm::RS256 => {
            let pair = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(no_key)?;
            let document: Pkcs8V1Der<'_> = pair.as_der().map_err(no_key)?;
            document.as_ref().to_vec()
        }
        Algorithm::HS256 => return Err(KeyError::Unusable("HS256 keys are configured".to_owned())),
    };
    Ok(Zeroizing::new(document))
}

fn pem(document: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(document));
    let mut pem = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 64));
    pem.push_str("-----BEGIN PRIVATE KEY-----");
    for (at, c) in body.chars().enumerate() {
        if at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(c);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kid_is_the_thumbprint_of_rfc_8037() {
        // The key of RFC 8037 appendix A.1, as PKCS#8; its thumbprint is in A.3.
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let document = [hex::decode("302e020100300506032b657004220420").unwrap(), seed].concat();

        let key = SigningKey::from_pkcs8(Algorithm::EdDSA, &document).unwrap();

        assert_eq!(key.id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_public_key_tells_nothing_private() {
        for (algorithm, members) in [
            (Algorithm::EdDSA, vec!["alg", "crv", "kid", "kty", "use", "x"]),
            (Algorithm::ES256, vec!["alg", "crv", "kid", "kty", "use", "x", "y"]),
            (Algorithm::RS256, vec!["alg", "e", "kid", "kty", "n", "use"]),
        ] {
            let key = SigningKey::from_pkcs8(algorithm, &generate(algorithm).unwrap()).unwrap();

            let public = serde_json::to_value(&key.public).unwrap();

            let mut names: Vec<_> = public.as_object().unwrap().keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, members);
            assert_eq!(public["alg"], algorithm.as_str());
            assert_eq!(public["use"], "sig");
            assert_eq!(public["kid"], key.id);
        }
    }

    #[test]
    fn a_short_or_garbled_secret_is_refused() {
        for secret in ["", "not base64!", &STANDARD.encode([7; 31])] {
            assert!(matches!(SigningKey::from_secret(secret), Err(KeyError::Unusable(_))), "{secret}");
        }
        let key = SigningKey::from_secret(&STANDARD.encode([7; 32])).ok().unwrap();
        assert!(key.public.is_none());
        assert_ne!(key.id, SigningKey::from_secret(&STANDARD.encode([8; 32])).ok().unwrap().id);
    }

    #[test]
    fn garbage_is_no_key() {
        for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256, Algorithm::HS256] {
            assert!(matches!(SigningKey::from_pkcs8(algorithm, b"garbage"), Err(KeyError::Unusable(_))));
        }
    }
}
