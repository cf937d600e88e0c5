//! Reading and forging tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;

fn part(token: &str, index: usize) -> Value {
    let encoded = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

/// The header, unchecked.
pub(crate) fn header(token: &str) -> Value {
    part(token, 0)
}

/// The claims, unchecked.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

/// `token` with another header and other claims under its old signature.
pub(crate) fn forge(token: &str, header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", encode(header), encode(claims), token.split('.').nth(2).unwrap())
}

/// A token signed with HMAC-SHA-256 under `key`; equal to the server's own, since members keep their order.
pub(crate) fn sign_hs256(header: &Value, claims: &Value, key: &[u8]) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
