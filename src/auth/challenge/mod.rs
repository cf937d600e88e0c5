//! The second step opens: a right password leads to a challenge, and codes by the providers that are valid for the user.

mod codes;
mod confirmation;
mod offers;
mod open;
mod send;
mod view;

use entity::challenge;

use crate::clock::Timestamp;
use crate::otp::{Code, Purpose};
use crate::vault::{self, Use, Vault};

pub use send::SendError;
pub use view::{ChallengeError, ChallengeStatus, ChallengeView};

#[cfg(test)]
pub(super) use codes::reveal;
pub(super) use codes::{StoredCode, destination, disown, find as find_code, is_good};
pub(super) use confirmation::Confirmation;
pub(super) use offers::{Offers, recovery_codes_left};

/// The name by which recovery codes are offered and used.
pub const RECOVERY_CODE: &str = "RecoveryCode";

/// The public id of a challenge, 192 random bits as base64url; the database keeps its digest.
#[derive(Clone)]
pub struct ChallengeId(String);

impl ChallengeId {
    fn draw() -> Self {
        Self(vault::random_token::<24>())
    }

    /// An id as a client shows it.
    #[must_use]
    pub fn shown(id: &str) -> Self {
        Self(id.to_owned())
    }

    /// The id as the client gets it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the row.
    pub(super) fn digest(&self) -> String {
        vault::digest(&self.0)
    }
}

/// What a code is bound to besides its challenge.
pub(super) struct Binding<'a> {
    /// Digest of the challenge's id.
    pub challenge: &'a str,
    pub purpose: Purpose,
    pub provider: &'a str,
    pub destination: &'a str,
}

impl Binding<'_> {
    /// What the database keeps of a code.
    pub(super) fn mac(&self, vault: &Vault, code: &Code) -> [u8; 32] {
        vault.mac(
            Use::Code,
            &[
                self.challenge.as_bytes(),
                self.purpose.as_str().as_bytes(),
                self.provider.as_bytes(),
                self.destination.as_bytes(),
                code.expose().as_bytes(),
            ],
        )
    }
}

/// The window in which messages to a destination are counted.
pub(super) fn sends_window(vault: &Vault, destination: &str) -> String {
    let folded = destination.to_lowercase();
    format!("sends:{}", vault.fingerprint(Use::Destination, &[b"sends", folded.as_bytes()]))
}

/// How a challenge stands at `now`; guesses beyond `most` are not judged, so none is left open by them.
pub(super) fn status(row: &challenge::Model, most: u32, now: Timestamp) -> ChallengeStatus {
    if row.closed_at.is_some() {
        // Also one that was used: its owner has disowned it.
        ChallengeStatus::Closed
    } else if row.consumed_at.is_some() {
        ChallengeStatus::Verified
    } else if u32::try_from(row.attempts).is_ok_and(|made| made >= most) {
        ChallengeStatus::Closed
    } else if row.expires_at <= now.millis() {
        ChallengeStatus::Expired
    } else {
        ChallengeStatus::Pending
    }
}
