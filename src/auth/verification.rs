//! The second step ends: a guess is counted, then judged, then the challenge is used up once.

use entity::{challenge, challenge_code, user};
use log::{info, warn};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use super::caller::Caller;
use super::challenge::{Binding, disabled_factors, sends_window};
use super::known_browser::KnownBrowser;
use super::window::{self, Taken};
use super::{Auth, Busy, EmailAddress, SignIn, Unexpected};
use super::{event, factor, session, transaction, user as users};
use crate::clock::Timestamp;
use crate::otp::{Code, Purpose};
use crate::token::Method;
use crate::vault::{self, Use};

/// Without a challenge id, this many of the caller's open challenges are tried.
const MOST_TRIED: usize = 3;
/// No account has more open challenges than this looked through; `destination_sends` keeps it far below.
const MOST_OPEN: u64 = 100;

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

impl From<DbErr> for VerifyError {
    fn from(error: DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

/// An open challenge of the caller, with the code that the guess is held against.
struct Candidate {
    challenge: challenge::Model,
    code: challenge_code::Model,
}

impl Auth {
    /// Judges a code: counts first, looks after, consumes once.
    ///
    /// # Errors
    /// [`VerifyError`]
    pub async fn verify(&self, verification: Verification) -> Result<SignIn, VerifyError> {
        let house = &*self.0;
        let code = self.parse_code(&verification.code)?;
        let email = EmailAddress::parse(&verification.email).map_err(|_| VerifyError::Invalid)?;
        let user = users::find_by_email(&house.db, &email).await?;
        let user = user.filter(|user| user.disabled_at.is_none()).ok_or(VerifyError::Invalid)?;
        let candidates = self.candidates(&user, &verification).await?;
        if candidates.is_empty() {
            return Err(VerifyError::Invalid);
        }
        if disabled_factors(&house.db, user.id).await?.contains(&verification.provider) {
            return Err(VerifyError::Spent);
        }

        let counted_at = self.count_guess(&user).await?;
        let judged = self.count_attempts(candidates).await?;
        if judged.is_empty() {
            self.uncount_guess(&user, counted_at).await;
            return Err(VerifyError::Spent);
        }
        for candidate in judged {
            if self.matches(&candidate, &code) {
                let sign_in = self.consume(&user, &candidate, &verification.caller).await?;
                self.uncount_guess(&user, counted_at).await;
                return Ok(sign_in);
            }
        }
        self.record_wrong_code(&user, &verification.provider).await?;
        Err(VerifyError::Invalid)
    }

    /// The digits of a guess; what cannot be a code is refused and costs no attempt.
    fn parse_code(&self, typed: &str) -> Result<Code, VerifyError> {
        let digits = typed.trim();
        let well_formed = digits.len() == self.0.two_step.load().code_length
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if well_formed { Ok(Code::new(digits.to_owned())) } else { Err(VerifyError::Invalid) }
    }

    /// The open challenges that the caller has shown to be theirs and that have a code by the provider, newest first.
    async fn candidates(
        &self,
        user: &user::Model,
        guess: &Verification,
    ) -> Result<Vec<Candidate>, VerifyError> {
        let house = &*self.0;
        let mut open = challenge::Entity::find()
            .filter(challenge::Column::UserId.eq(user.id))
            .filter(challenge::Column::Purpose.eq(Purpose::SignIn.as_str()))
            .filter(challenge::Column::SecurityStamp.eq(&user.security_stamp))
            .filter(challenge::Column::ConsumedAt.is_null())
            .filter(challenge::Column::ClosedAt.is_null())
            .filter(challenge::Column::ExpiresAt.gt(house.clock.now().millis()))
            .order_by_desc(challenge::Column::CreatedAt)
            .limit(MOST_OPEN);
        if let Some(digest) = guess.caller.shown_challenge() {
            open = open.filter(challenge::Column::Id.eq(digest));
        }
        let open = open.all(&house.db).await?;
        let theirs: Vec<_> = open
            .into_iter()
            .filter(|challenge| guess.caller.owns(challenge, house.accounts.same_address))
            .collect();

        let codes = challenge_code::Entity::find()
            .filter(challenge_code::Column::ChallengeId.is_in(theirs.iter().map(|challenge| &challenge.id)))
            .all(&house.db)
            .await?;
        let with_code = theirs.into_iter().filter_map(|challenge| {
            let of_it = |code: &&challenge_code::Model| {
                code.challenge_id == challenge.id && code.provider == guess.provider
            };
            let code = codes.iter().find(of_it)?.clone();
            Some(Candidate { challenge, code })
        });
        Ok(with_code.take(MOST_TRIED).collect())
    }

    /// Counts a guess on the account.
    async fn count_guess(&self, user: &user::Model) -> Result<Timestamp, VerifyError> {
        let (house, now) = (&*self.0, self.0.clock.now());
        let rate = house.two_step.load().account_attempts;
        match window::take(&house.db, &attempts_window(user), rate, now).await? {
            Taken::Counted => Ok(now),
            Taken::Full { .. } => Err(VerifyError::Spent),
        }
    }

    /// A right code, or one that nothing was held against, is no wrong code.
    async fn uncount_guess(&self, user: &user::Model, counted_at: Timestamp) {
        if let Err(error) = window::give_back(&self.0.db, &attempts_window(user), counted_at).await {
            warn!(user_id:% = user.id, error:% = error; "an attempt stays counted");
        }
    }

    /// Counts the guess on each challenge; those whose budget is spent drop out unlooked at.
    async fn count_attempts(&self, candidates: Vec<Candidate>) -> Result<Vec<Candidate>, VerifyError> {
        let most = i32::try_from(self.0.two_step.load().max_attempts).unwrap_or(i32::MAX);
        let mut judged = Vec::new();
        for candidate in candidates {
            if count_attempt(&self.0.db, &candidate.challenge.id, most, self.0.clock.now()).await? {
                judged.push(candidate);
            }
        }
        Ok(judged)
    }

    fn matches(&self, candidate: &Candidate, code: &Code) -> bool {
        let vault = &self.0.vault;
        let id = &candidate.challenge.id;
        let Ok(destination) = vault.open(Use::Destination, id.as_bytes(), &candidate.code.destination) else {
            warn!("a destination is sealed under another secrets.key");
            return false;
        };
        let binding = Binding {
            challenge: id,
            purpose: Purpose::SignIn,
            provider: &candidate.code.provider,
            destination: &String::from_utf8_lossy(&destination),
        };
        vault::equal(&binding.mac(vault, code), &candidate.code.mac)
    }

    /// Uses the challenge up and opens the session, together.
    async fn consume(
        &self,
        user: &user::Model,
        won: &Candidate,
        caller: &Caller,
    ) -> Result<SignIn, VerifyError> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if !users::is_unchanged(&tx, user).await? || !consume_once(&tx, &won.challenge.id, now).await? {
            return Err(VerifyError::Invalid);
        }
        let methods = vec![Method::Pwd, Method::Otp];
        let grant = session::open(&tx, user, &caller.client, methods, house.session_lifetime, now).await?;
        event::signed_in(&tx, user.id, &caller.client, &grant, now).await?;
        factor::forget_failures(&tx, user.id, &won.code.provider).await?;
        if let Ok(to) = house.vault.open(Use::Destination, won.challenge.id.as_bytes(), &won.code.destination)
        {
            window::clear(&tx, &sends_window(&house.vault, &String::from_utf8_lossy(&to))).await?;
        }
        tx.commit().await?;
        info!(user_id:% = user.id, session_id:% = grant.session_id, provider = won.code.provider.as_str(); "signed in");
        let browser = KnownBrowser::read(&house.vault, caller.known_browser.as_deref());
        Ok(SignIn { grant, known_browser: browser.remember(&house.vault, user.id) })
    }
}

/// The window in which wrong codes of an account are counted.
pub(super) fn attempts_window(user: &user::Model) -> String {
    format!("attempts:{}", user.id)
}

/// Counts one guess if the challenge is open and has budget left: one guarded statement, committed by itself.
async fn count_attempt(
    db: &impl ConnectionTrait,
    id: &str,
    most: i32,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let counted = challenge::Entity::update_many()
        .col_expr(challenge::Column::Attempts, Expr::col(challenge::Column::Attempts).add(1))
        .filter(challenge::Column::Id.eq(id))
        .filter(challenge::Column::Attempts.lt(most))
        .filter(challenge::Column::ConsumedAt.is_null())
        .filter(challenge::Column::ClosedAt.is_null())
        .filter(challenge::Column::ExpiresAt.gt(now.millis()))
        .exec(db)
        .await?;
    Ok(counted.rows_affected == 1)
}

/// Uses an open challenge up: one guarded statement decides who wins.
async fn consume_once(db: &impl ConnectionTrait, id: &str, now: Timestamp) -> Result<bool, DbErr> {
    let consumed = challenge::Entity::update_many()
        .col_expr(challenge::Column::ConsumedAt, Expr::value(now.millis()))
        .filter(challenge::Column::Id.eq(id))
        .filter(challenge::Column::ConsumedAt.is_null())
        .filter(challenge::Column::ClosedAt.is_null())
        .filter(challenge::Column::ExpiresAt.gt(now.millis()))
        .exec(db)
        .await?;
    Ok(consumed.rows_affected == 1)
}

#[cfg(test)]
mod tests;
