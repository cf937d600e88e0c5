//! The second step ends: a guess is counted, then judged, then the challenge is used up once.

use entity::{challenge, challenge_code, user};
use log::{info, warn};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::caller::Caller;
use super::challenge::{Binding, disabled_factors, sends_window};
use super::known_browser::KnownBrowser;
use super::session::Opened;
use super::transaction::{self, retried};
use super::window::{self, Taken};
use super::{Auth, Busy, Client, EmailAddress, SessionKind, SignIn, Unexpected};
use super::{event, factor, session, user as users};
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
        let user = users::find_by_email(&house.db, &email).await?.filter(|user| user.disabled_at.is_none());
        let candidates = self.candidates(user.as_ref(), &verification).await?;
        let Some(user) = user.filter(|_| !candidates.is_empty()) else { return Err(VerifyError::Invalid) };
        if disabled_factors(&house.db, user.id).await?.contains(&verification.provider) {
            return Err(VerifyError::Spent);
        }

        // Committed before the code is looked at: nothing that happens later gives the guess back but a right code.
        let now = house.clock.now();
        let judged =
            retried(|| self.count_guess(&user, &candidates, now)).await?.ok_or(VerifyError::Spent)?;
        for candidate in judged {
            if self.matches(candidate, &code) {
                return self.consume(&user, candidate, now, &verification.caller).await;
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

    /// The open challenges that the caller has shown to be theirs and that have a code by the provider, newest first. An
    /// unknown user has none, which is looked up like a known one's, so that the time of the answer does not tell.
    async fn candidates(
        &self,
        user: Option<&user::Model>,
        guess: &Verification,
    ) -> Result<Vec<Candidate>, VerifyError> {
        let house = &*self.0;
        let (id, stamp) = user.map_or((Uuid::nil(), ""), |user| (user.id, user.security_stamp.as_str()));
        let mut open = challenge::Entity::find()
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

    /// One transaction: the guess is counted on the account, and on each challenge that has budget left; the others drop
    /// out unlooked at. `None`, and nothing is counted, if the account has no budget left or no challenge has.
    async fn count_guess<'a>(
        &self,
        user: &user::Model,
        candidates: &'a [Candidate],
        now: Timestamp,
    ) -> Result<Option<Vec<&'a Candidate>>, Unexpected> {
        let (house, two_step) = (&*self.0, self.0.two_step.load_full());
        let most = i32::try_from(two_step.max_attempts).unwrap_or(i32::MAX);
        let tx = transaction::begin(&house.db).await?;
        if window::take(&tx, &attempts_window(user), two_step.account_attempts, now).await? != Taken::Counted
        {
            return Ok(None);
        }
        let mut judged = Vec::new();
        for candidate in candidates {
            if count_attempt(&tx, &candidate.challenge.id, most, now).await? {
                judged.push(candidate);
            }
        }
        if judged.is_empty() {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(judged))
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
        counted_at: Timestamp,
        caller: &Caller,
    ) -> Result<SignIn, VerifyError> {
        let opened = retried(|| self.consume_challenge(user, won, counted_at, &caller.client)).await?;
        let Opened { grant, refresh } = opened.ok_or(VerifyError::Invalid)?;
        info!(user_id:% = user.id, session_id:% = grant.session_id, provider = won.code.provider.as_str(); "signed in");
        let browser = KnownBrowser::read(&self.0.vault, caller.known_browser.as_deref());
        Ok(SignIn { grant, refresh, known_browser: browser.remember(&self.0.vault, user.id) })
    }

    /// One transaction: the challenge is used up and the session opened, and the guess, which was no wrong one, is given
    /// back to the account. `None` if somebody else was first, or the account has changed meanwhile.
    async fn consume_challenge(
        &self,
        user: &user::Model,
        won: &Candidate,
        counted_at: Timestamp,
        client: &Client,
    ) -> Result<Option<Opened>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let Some(user) = users::still_good(&tx, user).await? else { return Ok(None) };
        // The window before the challenge, as when they were counted: two that lock them do not lock each other out.
        window::give_back(&tx, &attempts_window(&user), counted_at).await?;
        if !consume_once(&tx, &won.challenge.id, now).await? {
            return Ok(None);
        }
        let methods = vec![Method::Pwd, Method::Otp];
        let kind = SessionKind::AccessOnly;
        let opened = session::open(&tx, &user, client, methods, kind, &house.sessions, now).await?;
        event::signed_in(&tx, user.id, client, &opened.grant, now).await?;
        factor::forget_failures(&tx, user.id, &won.code.provider).await?;
        if let Ok(to) = house.vault.open(Use::Destination, won.challenge.id.as_bytes(), &won.code.destination)
        {
            window::clear(&tx, &sends_window(&house.vault, &String::from_utf8_lossy(&to))).await?;
        }
        tx.commit().await?;
        Ok(Some(opened))
    }
}

/// The window in which wrong codes of an account are counted.
pub(super) fn attempts_window(user: &user::Model) -> String {
    format!("attempts:{}", user.id)
}

/// Counts one guess if the challenge is open and has budget left: one guarded statement.
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
