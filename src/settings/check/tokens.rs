//! Checks of `[tokens]`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::super::draft::Draft;
use crate::token::{Algorithm, TokenSettings};

pub(super) fn check(tokens: &TokenSettings, draft: &mut Draft) {
    let key = tokens.hs256_key.expose_secret();
    let is_needed = tokens.algorithm == Algorithm::HS256 || !key.is_empty();
    // RFC 7518 section 3.2: no shorter than the hash.
    let is_long = STANDARD.decode(key).map(Zeroizing::new).is_ok_and(|bytes| bytes.len() >= 32);
    if is_needed && !is_long {
        draft.refuse("tokens.hs256_key", "expected base64 of at least 32 bytes");
    }
    for (name, text) in [("tokens.audience", &tokens.audience), ("tokens.issuer", &tokens.issuer)] {
        let is_odd = |c: char| c.is_whitespace() || c.is_control();
        // An issuer that nobody set is public_url, and judged there.
        let is_derived = name == "tokens.issuer" && text == draft.text("server.public_url");
        if !is_derived && (text.is_empty() || text.contains(is_odd)) {
            draft.refuse(name, format!("expected a text without spaces, got {text:?}"));
        }
    }
    if tokens.refresh_idle > tokens.refresh_absolute {
        let most = tokens.refresh_absolute;
        draft.refuse("tokens.refresh_idle", format!("expected at most refresh_absolute ({most})"));
    }
}
