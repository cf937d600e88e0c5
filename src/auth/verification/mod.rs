//! The second step ends: a guess is counted, then judged, then the challenge is used up once.

mod consume;
mod count;
mod guess;
mod judge;
mod proof;

use entity::{challenge, challenge_code, user};
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoCondition as _};
use sea_orm::{
    ColumnTrait as _, DbErr, EntityTrait as _, JoinType, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::caller::Caller;
use super::challenge::StoredCode;
use super::error::Trouble;
use super::{Auth, Busy, EmailAddress, SessionKind, SignIn, Unexpected, user as users};
use crate::otp::Purpose;

pub use guess::{Guess, GuessError};

pub(super) use consume::consume_once;
pub(super) use count::{attempts_made, attempts_window, count_attempt};
pub(super) use proof::digits;

use judge::{Try, Verdict};
use proof::Typed;

/// Without a challenge id, this many of the caller's open challenges are tried.
const MOST_TRIED: usize = 3;
/// No account has more open challenges than this looked through; `destination_sends` keeps it far below.
const MOST_OPEN: u64 = 100;

/// A guess of the article's client.
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

impl From<DbErr> for VerifyError {
    fn from(error: DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

/// An open challenge of the caller, with the code that the guess is held against where one was sent.
pub(super) struct Candidate {
    challenge: challenge::Model,
    code: Option<StoredCode>,
}

impl Auth {
    /// Judges a code: counts first, looks after, consumes once.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub async fn verify(&self, verification: Verification) -> Result<SignIn, VerifyError> {
        let house = &*self.0;
        let way = self.way_of(&verification.provider);
        // How long the code is that was sent is seen once the challenges are.
        let length = verification.code.trim().len();
        let typed = Typed::read(way, &verification.code, length).ok_or(VerifyError::Invalid)?;
        let email = EmailAddress::parse(&verification.email).map_err(|_| VerifyError::Invalid)?;
        let user = users::find_by_email(&house.db, &email).await?.filter(|user| user.disabled_at.is_none());
        let candidates = self.candidates(user.as_ref(), &typed, &verification).await?;
        let Some(user) = user.filter(|_| !candidates.is_empty()) else { return Err(VerifyError::Invalid) };
        let attempt = Try {
            user: &user,
            provider: &verification.provider,
            typed: &typed,
            client: &verification.caller.client,
            known_browser: verification.caller.known_browser.as_deref(),
            session: SessionKind::AccessOnly,
            remember_device: false,
            devices: &[],
        };
        match self.judge(&attempt, &candidates).await? {
            Verdict::SignedIn(sign_in) => Ok(*sign_in),
            Verdict::Wrong { .. } | Verdict::Lost | Verdict::NoFactor => Err(VerifyError::Invalid),
            Verdict::AccountSpent(_) | Verdict::FactorDisabled | Verdict::ChallengeSpent => {
                Err(VerifyError::Spent)
            }
        }
    }

    /// The open challenges that the caller has shown to be theirs and that have a code by the provider, if it sends any, of
    /// the length that was typed, newest first. An unknown user has none, which is looked up like a known one's, so that the time of the answer does
    /// not tell.
    async fn candidates(
        &self,
        user: Option<&user::Model>,
        typed: &Typed,
        guess: &Verification,
    ) -> Result<Vec<Candidate>, Trouble> {
        let house = &*self.0;
        let (id, stamp) = user.map_or((Uuid::nil(), ""), |user| (user.id, user.security_stamp.as_str()));
        let provider = guess.provider.clone();
        let code_by_provider = challenge::Entity::belongs_to(challenge_code::Entity)
            .from(challenge::Column::Id)
            .to(challenge_code::Column::ChallengeId)
            .on_condition(move |_, code| {
                Expr::col((code, challenge_code::Column::Provider)).eq(provider.clone()).into_condition()
            });
        let mut open = challenge::Entity::find()
            .join(JoinType::LeftJoin, code_by_provider.into())
            .select_also(challenge_code::Entity)
            .filter(challenge::Column::UserId.eq(id))
            .filter(challenge::Column::Purpose.eq(Purpose::SignIn.as_str()))
            .filter(challenge::Column::SecurityStamp.eq(stamp))
            .filter(challenge::Column::ConsumedAt.is_null())
            .filter(challenge::Column::ClosedAt.is_null())
            .filter(challenge::Column::ExpiresAt.gt(house.clock.now().millis()))
            .order_by_desc(challenge::Column::CreatedAt)
            .limit(MOST_OPEN);
        if let Some(digest) = guess.caller.shown_challenge() {
            open = open.filter(challenge::Column::Id.eq(digest));
        }
        // By the very name: MariaDB takes one with blanks behind it for the same.
        let is_meant = |code: &StoredCode| code.provider == guess.provider;
        let fits = |code: Option<&StoredCode>| match typed {
            Typed::Sent(typed) => code.is_some_and(is_meant) && typed.expose().len() == self.digits_of(code),
            Typed::Computed(_) | Typed::Recovery(_) => true,
        };
        let candidates = open
            .all(&house.db)
            .await?
            .into_iter()
            .filter(|(challenge, _)| guess.caller.owns(challenge, house.accounts.same_address))
            .filter(|(_, code)| fits(code.as_ref()))
            .map(|(challenge, code)| Candidate { challenge, code });
        Ok(candidates.take(MOST_TRIED).collect())
    }
}

#[cfg(test)]
mod tests;
