//! A guess of the full API: whoever has the id of a challenge may try it.

use super::judge::{Try, Verdict};
use super::proof::{Typed, Way};
use super::{Auth, Candidate, count};
use crate::auth::challenge::{self, ChallengeId, ChallengeStatus};
use crate::auth::error::Trouble;
use crate::auth::{Busy, Client, FieldError, SessionKind, SignIn, Unexpected};
use crate::otp::totp;

/// A guess at a challenge.
pub struct Guess {
    /// The challenge.
    pub challenge: ChallengeId,
    /// As typed.
    pub code: String,
    /// Name of the provider; absent: the one in use.
    pub provider: Option<String>,
    /// From where.
    pub client: Client,
    /// Value of the known-browser cookie, as it came.
    pub known_browser: Option<String>,
    /// What a right code leads to.
    pub session: SessionKind,
    /// Whether the second step is not to be asked for again on this device, for `remember_device`.
    pub remember_device: bool,
    /// Tokens of devices that are remembered already, as they came: one of the same account gives way.
    pub devices: Vec<String>,
}

/// Why a guess signs nobody in.
#[derive(Debug, thiserror::Error)]
pub enum GuessError {
    /// There is no such challenge.
    #[error("no such challenge")]
    NotFound,
    /// It cannot be a code; it costs no attempt.
    #[error("malformed code")]
    Malformed(FieldError),
    /// The provider is unknown, has no code in this challenge, or the account has no such factor; it costs no attempt.
    #[error("not a valid provider")]
    InvalidProvider,
    /// It is not the code.
    #[error("wrong code")]
    Wrong {
        /// Guesses that are still judged.
        attempts_left: u32,
        /// It is a code of the authenticator at another time: a clock is wrong.
        is_near: bool,
    },
    /// The challenge has been used, closed, has expired, or has had its guesses.
    #[error("the challenge is closed")]
    Closed,
    /// The account has had its wrong codes.
    #[error("too many attempts")]
    Spent(Busy),
    /// Too many wrong codes have switched this factor off.
    #[error("the factor is disabled")]
    FactorDisabled,
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl Auth {
    /// Judges a code of a challenge: counts first, looks after, consumes once.
    ///
    /// # Errors
    /// [`GuessError`]
    pub async fn verify_challenge(&self, guess: Guess) -> Result<SignIn, GuessError> {
        let house = &*self.0;
        let known = self.find_challenge(&guess.challenge).await?.ok_or(GuessError::NotFound)?;
        if self.standing(&known.row, &known.user) != ChallengeStatus::Pending {
            return Err(GuessError::Closed);
        }
        let provider = guess.provider.unwrap_or_else(|| known.row.provider.clone());
        let way = self.way_of(&provider);
        let code = challenge::find_code(&house.db, &known.row.id, &provider).await.map_err(Trouble::from)?;
        if way == Way::Sent && code.is_none() {
            return Err(GuessError::InvalidProvider);
        }
        let drawn = self.digits_of(code.as_ref());
        let typed = Typed::read(way, &guess.code, drawn)
            .ok_or_else(|| GuessError::Malformed(expected(way, drawn)))?;
        let attempt = Try {
            user: &known.user,
            provider: &provider,
            typed: &typed,
            client: &guess.client,
            known_browser: guess.known_browser.as_deref(),
            session: guess.session,
            remember_device: guess.remember_device,
            devices: &guess.devices,
        };
        let candidates = [Candidate { challenge: known.row, code }];
        match self.judge(&attempt, &candidates).await? {
            Verdict::SignedIn(sign_in) => Ok(*sign_in),
            Verdict::Wrong { is_near } => {
                // Others may have guessed since the row was read.
                let made = count::attempts_made(&house.db, &guess.challenge.digest()).await;
                let attempts_left = self.attempts_left(made.map_err(Trouble::from)?);
                Err(GuessError::Wrong { attempts_left, is_near })
            }
            Verdict::Lost | Verdict::ChallengeSpent => self.after_a_lost_race(&guess.challenge).await,
            Verdict::NoFactor => Err(GuessError::InvalidProvider),
            Verdict::AccountSpent(retry_after) => Err(GuessError::Spent(Busy { retry_after })),
            Verdict::FactorDisabled => Err(GuessError::FactorDisabled),
        }
    }

    /// A right code that lost: its challenge is closed now, or its time step or recovery code was used elsewhere.
    async fn after_a_lost_race(&self, id: &ChallengeId) -> Result<SignIn, GuessError> {
        let known = self.find_challenge(id).await?.ok_or(GuessError::NotFound)?;
        if self.standing(&known.row, &known.user) != ChallengeStatus::Pending {
            return Err(GuessError::Closed);
        }
        Err(GuessError::Wrong { attempts_left: self.attempts_left(known.row.attempts), is_near: false })
    }

    /// How many guesses are still judged after so many.
    pub(in crate::auth) fn attempts_left(&self, made: i32) -> u32 {
        self.0.two_step.load().max_attempts.saturating_sub(u32::try_from(made).unwrap_or(0))
    }
}

fn expected(way: Way, drawn: usize) -> FieldError {
    let message = match way {
        Way::Sent => format!("The code has {drawn} digits."),
        Way::Computed => format!("The code has {} digits.", totp::DIGITS),
        Way::Recovery => "A recovery code has letters, digits and dashes.".to_owned(),
    };
    FieldError { field: "code", code: "invalid", message }
}
