//! The second step: a challenge that a right password opened.

use super::{Auth, Busy, Client, SignIn, Unexpected};
use crate::clock::Timestamp;
use crate::otp::Offer;

/// The public id of a challenge, 192 random bits as base64url; the database keeps its digest.
#[derive(Clone)]
pub struct ChallengeId(String);

impl ChallengeId {
    /// The id as the client shows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A challenge that was just opened.
pub struct PendingChallenge {
    /// Its public id.
    pub id: ChallengeId,
    /// The provider whose code is on its way.
    pub provider: String,
    /// The valid ones, in order.
    pub providers: Vec<Offer>,
    /// From when on it is dead.
    pub expires_at: Timestamp,
}

/// What shows that a caller is the one who logged in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who asks.
    pub client: Client,
    /// `challengeId` of the request.
    pub challenge_id: Option<String>,
    /// Ids that the browser's session cookie holds.
    pub session_challenges: Vec<String>,
    /// Value of the known-browser cookie, as it came.
    pub known_browser: Option<String>,
}

/// A guess.
pub struct Verification {
    /// As sent.
    pub email: String,
    /// As sent.
    pub provider: String,
    /// As sent.
    pub code: String,
    /// Who asks.
    pub caller: Caller,
}

/// Why a guess signs nobody in.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Wrong, expired, used, unknown user, another caller, no challenge: alike.
    #[error("invalid code")]
    Invalid,
    /// The budget of the challenge or of the account is spent.
    #[error("too many attempts")]
    Spent,
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl Auth {
    /// Judges a code: counts first, looks after, consumes once.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub async fn verify(&self, verification: Verification) -> Result<SignIn, VerifyError> {
        todo!()
    }
}
