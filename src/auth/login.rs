//! The first step: a password.

use super::{Auth, Busy, Client, Password, PendingChallenge, SignIn, Unexpected};

/// Somebody who wants to sign in.
pub struct LoginAttempt {
    /// As typed.
    pub email: String,
    /// As typed, normalised.
    pub password: Password,
    /// From where.
    pub client: Client,
    /// Value of the known-browser cookie, as it came.
    pub known_browser: Option<String>,
}

/// What a right password leads to.
pub enum LoginOutcome {
    /// The second step is off.
    SignedIn(SignIn),
    /// A code is on its way.
    VerificationRequired(PendingChallenge),
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown user, wrong password, locked or disabled account: alike.
    #[error("invalid credentials")]
    InvalidCredentials,
    /// The password was right.
    #[error("email not confirmed")]
    EmailNotConfirmed,
    /// The password was right, the second step is on, and no provider is valid.
    #[error("no valid provider")]
    NoValidProvider,
    /// The destination has had its messages.
    #[error("too many codes were sent")]
    TooManyCodes(Busy),
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl Auth {
    /// Checks a password, asks which providers are valid, and opens a challenge or a session.
    ///
    /// # Errors
    /// [`LoginError`]
    pub async fn login(&self, attempt: LoginAttempt) -> Result<LoginOutcome, LoginError> {
        todo!()
    }
}
