//! Minting and checking access tokens.

use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Header, Validation};
use quick_cache::sync::Cache;
use sea_orm::DatabaseConnection;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::key::SigningKey;
use super::keys::{self, KeyStore};
use super::payload::{Payload, Terms};
use super::ring::KeyRing;
use super::{AccessToken, Algorithm, Claims, Grant, KeyError, KeySummary, Rejected, TokenSettings};
use crate::clock::{Clock, Timestamp};
use crate::vault::Vault;

/// The type of an access token (RFC 9068 section 2.1).
const TYPE: &str = "at+jwt";

/// No token is longer, in bytes.
const LONGEST: usize = 8 * 1024;

/// Checked tokens that are remembered, some 2 KiB each. Only tokens that we signed get in.
const REMEMBERED: usize = 4096;

/// Mints and checks access tokens. Cheap to clone.
#[derive(Clone)]
pub struct Tokens(pub(super) Arc<Mint>);

pub(super) struct Mint {
    settings: TokenSettings,
    validation: Validation,
    pub(super) keys: ArcSwap<KeyRing>,
    /// Where the keys come from; a configured secret comes from nowhere.
    pub(super) store: Option<KeyStore>,
    checked: Cache<[u8; 32], Checked>,
    pub(super) clock: Clock,
    /// Held while the database is looked at.
    pub(super) is_stopped: Mutex<bool>,
}

impl Tokens {
    /// Loads the signing keys, and makes those that are missing: one that signs and the next one.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn load(
        settings: &TokenSettings,
        db: &DatabaseConnection,
        vault: &Vault,
        clock: Clock,
    ) -> Result<Self, KeyError> {
        // By name, not by the features that happen to be on: with none or two of them jsonwebtoken panics at the first use.
        // An error says that a provider is installed already.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let (keys, store) = match settings.algorithm {
            Algorithm::HS256 => {
                (KeyRing::of(SigningKey::from_secret(settings.hs256_key.expose_secret())?), None)
            }
            algorithm => {
                let store = KeyStore {
                    algorithm,
                    db: db.clone(),
                    vault: vault.clone(),
                    clock: clock.clone(),
                    lifetime: settings.access_lifetime.0,
                };
                (store.load().await?, Some(store))
            }
        };
        Ok(Self(Arc::new(Mint {
            settings: settings.clone(),
            validation: validation(settings),
            keys: ArcSwap::from_pointee(keys),
            store,
            checked: Cache::new(REMEMBERED),
            clock,
            is_stopped: Mutex::new(false),
        })))
    }

    /// Mints an access token.
    ///
    /// # Errors
    /// [`KeyError`] when the key does not sign.
    pub fn issue(&self, grant: &Grant) -> Result<AccessToken, KeyError> {
        let Mint { settings, keys, clock, .. } = &*self.0;
        let signer = Arc::clone(&keys.load().signer);
        let issued_at = clock.now().seconds();
        let lifetime = settings.access_lifetime.0.as_millis().div_ceil(1000);
        let expires_at = issued_at.saturating_add(i64::try_from(lifetime).unwrap_or(i64::MAX));
        let payload = Payload::new(
            grant,
            &Terms {
                issuer: &settings.issuer,
                audience: &settings.audience,
                issued_at,
                expires_at,
                aspnet_claims: settings.aspnet_claims,
            },
        );
        let mut header = Header::new(settings.algorithm.into());
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(signer.id.clone());
        let token = jsonwebtoken::encode(&header, &payload, &signer.encoding)?;
        Ok(AccessToken { token, expires_at: Timestamp::from_millis(expires_at.saturating_mul(1000)) })
    }

    /// The time by which tokens are minted and checked.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Checks a token without a database read: signature, algorithm, type, issuer, audience, times (RFC 8725, RFC 9068).
    ///
    /// # Errors
    /// [`Rejected`]
    pub fn verify(&self, token: &str) -> Result<Arc<Claims>, Rejected> {
        if token.len() > LONGEST {
            return Err(Rejected("too long"));
        }
        let now = self.0.clock.now();
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(checked) = self.0.checked.get(&digest) {
            return checked.at(now).inspect_err(|_| drop(self.0.checked.remove(&digest)));
        }
        let checked = self.0.check(token)?;
        let claims = checked.clone().at(now)?;
        self.0.checked.insert(digest, checked);
        Ok(claims)
    }

    /// The public keys (RFC 7517): next, current and retiring; none with HS256.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.0.keys.load().public(self.0.clock.now())
    }

    /// Every key in the database, newest first.
    ///
    /// # Errors
    /// [`KeyError`]
    pub async fn list(db: &DatabaseConnection) -> Result<Vec<KeySummary>, KeyError> {
        keys::list(db).await
    }
}

/// What jsonwebtoken checks. It asks the system for the time, so the times are left to [`Checked::at`];
/// that the claims are there and of the right types, to [`Payload`].
fn validation(settings: &TokenSettings) -> Validation {
    let mut validation = Validation::new(settings.algorithm.into());
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

/// The header of our tokens and nothing else: what `crit` demands and keys that a token brings along (`jwk`, `jku`, `x5c`)
/// are refused with every other unknown member (RFC 8725 section 3.10). jsonwebtoken judges `alg`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OurHeader {
    #[serde(rename = "alg")]
    _algorithm: IgnoredAny,
    kid: String,
    typ: String,
}

impl Mint {
    /// Everything about a token that does not change with time.
    fn check(&self, token: &str) -> Result<Checked, Rejected> {
        let (header, rest) = token.split_once('.').ok_or(Rejected("not a JWT"))?;
        let header: OurHeader = part(header).ok_or(Rejected("header"))?;
        let media_type = header.typ.to_ascii_lowercase();
        if media_type.strip_prefix("application/").unwrap_or(&media_type) != TYPE {
            return Err(Rejected("type"));
        }
        let keys = self.keys.load();
        let key = keys.find(&header.kid, self.clock.now()).ok_or(Rejected("unknown key"))?;
        let payload: Payload = jsonwebtoken::decode(token, key, &self.validation)
            .map_err(|_| Rejected("signature or claims"))?
            .claims;
        let all = rest.split_once('.').and_then(|(claims, _)| part(claims)).ok_or(Rejected("claims"))?;
        let not_before = payload.not_before().ok_or(Rejected("times"))?;
        let claims = payload.into_claims(all).ok_or(Rejected("times"))?;
        Ok(Checked { claims: Arc::new(claims), not_before })
    }
}

/// A base64url part of a token as what its JSON says.
fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&json).ok()
}

/// A token that is sound in all but its times.
#[derive(Clone)]
struct Checked {
    claims: Arc<Claims>,
    not_before: Timestamp,
}

impl Checked {
    /// The claims, if the token counts at `now`. There is no leeway.
    fn at(self, now: Timestamp) -> Result<Arc<Claims>, Rejected> {
        if now >= self.claims.expires_at {
            return Err(Rejected("expired"));
        }
        if now < self.not_before {
            return Err(Rejected("not valid yet"));
        }
        Ok(self.claims)
    }
}

#[cfg(test)]
mod tests;
