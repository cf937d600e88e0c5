//! A guess from its count to its end, the same for both faces.

use std::time::Duration;

use entity::user;

use super::consume::Won;
use super::count::Counted;
use super::proof::{Finding, Typed};
use super::{Auth, Candidate};
use crate::auth::error::Trouble;
use crate::auth::transaction::retried;
use crate::auth::{Client, SessionKind, SignIn, authenticator};
use crate::otp::{Account, ProviderKind};

/// A well-formed guess at the challenges of a user.
pub(super) struct Try<'a> {
    pub user: &'a user::Model,
    /// Name of the provider, or [`crate::auth::RECOVERY_CODE`].
    pub provider: &'a str,
    pub typed: &'a Typed,
    pub client: &'a Client,
    /// Value of the known-browser cookie, as it came.
    pub known_browser: Option<&'a str>,
    pub session: SessionKind,
    pub remember_device: bool,
    /// Tokens of devices that are remembered already, as they came.
    pub devices: &'a [String],
}

/// What came of a guess.
pub(super) enum Verdict {
    SignedIn(Box<SignIn>),
    /// It was counted.
    Wrong {
        /// It is a code of the app at another time.
        is_near: bool,
    },
    /// It was right, and another one was first, or the account has changed.
    Lost,
    /// Not judged: the account has no such factor.
    NoFactor,
    /// Not judged: the account has had its wrong codes.
    AccountSpent(Duration),
    /// Not judged: wrong codes have switched the factor off.
    FactorDisabled,
    /// Not judged: the challenge has had its guesses, or has just ended.
    ChallengeSpent,
}

impl Verdict {
    /// How it is counted.
    fn word(&self) -> &'static str {
        match self {
            Self::SignedIn(_) => "right",
            Self::Wrong { .. } => "wrong",
            Self::Lost => "lost",
            Self::NoFactor => "no_factor",
            Self::AccountSpent(_) | Self::ChallengeSpent => "spent",
            Self::FactorDisabled => "disabled",
        }
    }
}

impl Auth {
    pub(super) async fn judge(
        &self,
        attempt: &Try<'_>,
        candidates: &[Candidate],
    ) -> Result<Verdict, Trouble> {
        let verdict = self.count_and_look(attempt, candidates).await;
        self.0.metrics.guess(verdict.as_ref().map_or("failed", Verdict::word));
        verdict
    }

    /// The kind of what is guessed at. A provider that is turned off by now may have sent a code: no reset brings it back, as
    /// it does others that mail.
    fn guessed_kind(&self, attempt: &Try<'_>) -> ProviderKind {
        match attempt.typed {
            Typed::Sent(_) => {
                let known = self.0.providers.load().kind_of(attempt.provider);
                known.unwrap_or(ProviderKind::Custom)
            }
            Typed::Computed(_) => ProviderKind::Authenticator,
            Typed::Recovery(_) => ProviderKind::Recovery,
        }
    }

    async fn count_and_look(&self, attempt: &Try<'_>, candidates: &[Candidate]) -> Result<Verdict, Trouble> {
        let house = &*self.0;
        let (user, provider) = (attempt.user, attempt.provider);
        let Some(held) = self.hold(user.id, attempt.typed).await? else { return Ok(Verdict::NoFactor) };
        // Committed before the code is looked at: nothing that happens later gives the guess back but a right code.
        let now = house.clock.now();
        let counted = retried(|| self.count_guess(user, provider, candidates, now)).await?;
        let (judged, has_failed) = match counted {
            Counted::On { judged, has_failed } => (judged, has_failed),
            Counted::FactorDisabled => return Ok(Verdict::FactorDisabled),
            Counted::AccountSpent(retry_after) => return Ok(Verdict::AccountSpent(retry_after)),
            Counted::ChallengeSpent => return Ok(Verdict::ChallengeSpent),
        };
        let account = Account::from(user);
        let near = match self.look(&account, provider, held, judged, now).await? {
            Finding::Right(won, proof) => {
                if let Some(sign_in) =
                    self.consume(attempt, &Won { candidate: won, proof, has_failed }, now).await?
                {
                    return Ok(Verdict::SignedIn(Box::new(sign_in)));
                }
                return Ok(Verdict::Lost);
            }
            Finding::Near(step) => Some(step),
            Finding::Wrong => None,
        };
        if let Some(step) = near {
            // The answer will tell that it is near: so it is worth nothing when its time comes.
            authenticator::burn(&house.db, user.id, step).await?;
        }
        self.record_wrong_code(user, provider, self.guessed_kind(attempt), attempt.client).await?;
        Ok(Verdict::Wrong { is_near: near.is_some() })
    }
}
