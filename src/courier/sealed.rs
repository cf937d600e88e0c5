//! The sealed body of a queued message: readable only with `secrets.key` and only in its own row.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::message::{Content, Message};
use crate::vault::{Use, Vault};

#[derive(Serialize)]
struct BodyRef<'a> {
    to: &'a str,
    content: &'a Content,
    code: Option<&'a str>,
}

/// What the body of a row says.
#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) to: String,
    pub(super) content: Content,
    pub(super) code: Option<String>,
}

/// Seals what `message` says for the row `id`.
pub(super) fn seal(vault: &Vault, id: Uuid, message: &Message) -> serde_json::Result<Vec<u8>> {
    let plain = plain(message)?;
    Ok(vault.seal(Use::Message, id.as_bytes(), &plain))
}

/// As long as [`seal`] makes it and as costly, but it says nothing.
pub(super) fn seal_nothing(vault: &Vault, id: Uuid, message: &Message) -> serde_json::Result<Vec<u8>> {
    let mut plain = plain(message)?;
    plain.fill(0);
    Ok(vault.seal(Use::Message, id.as_bytes(), &plain))
}

/// Opens the body of the row `id`; `None` when it was sealed under another key or was altered.
pub(super) fn open(vault: &Vault, id: Uuid, sealed: &[u8]) -> Option<Body> {
    let plain = vault.open(Use::Message, id.as_bytes(), sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}

fn plain(message: &Message) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let body = BodyRef { to: &message.to, content: &message.content, code: message.code.as_deref() };
    serde_json::to_vec(&body).map(Zeroizing::new)
}
