//! What the owner of an account sees and changes of it, by an access token.

mod authenticator;
mod deletion;
mod devices;
mod email;
mod factors;
mod password;
mod phone;
mod profile;
mod recovery;
mod sessions;
mod trail;
mod two_factor;

use std::time::Duration;

use entity::user;
use sea_orm::{ConnectionTrait, DbErr};

use super::error::{BUSY_FOR, Trouble};
use super::event::{self, EventKind};
use super::notice::Notice;
use super::{Auth, Busy, Client, FieldError, Unexpected, session, user as users};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::token::{Claims, Method};

pub use authenticator::Enrolment;
pub use devices::DeviceView;
pub use factors::{FactorView, Factors};
pub use password::PasswordChange;
pub use profile::{Edit, Profile, ProfileChange};
pub use recovery::RecoveryCodes;
pub use sessions::SessionView;
pub use trail::EventView;

/// How often a change is decided anew because another one of the same account came first: each time one of those has been made, so
/// that only a crowd of them is refused.
const MOST_ROUNDS: u32 = 20;

/// How old a sign-in may be that changes the account.
const FRESH: Duration = Duration::from_mins(10);

/// Why the owner does not get what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum MeError {
    /// The account or the session is there no more.
    #[error("the session has ended")]
    Gone,
    /// The sign-in is too old, or passed no second step.
    #[error("a fresh sign-in is needed")]
    ReauthenticationRequired,
    /// Nothing would be left for the second step, or nothing can do what is asked.
    #[error("no valid provider")]
    NoValidProvider,
    /// The provider is unknown or not valid for this user.
    #[error("not a valid provider")]
    InvalidProvider,
    /// Something about the input.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// It is not the code.
    #[error("wrong code")]
    WrongCode {
        /// Guesses that are still judged.
        attempts_left: u32,
        /// It is a code of the authenticator at another time: a clock is wrong.
        is_near: bool,
    },
    /// Nothing waits for a code, or what waited has had its guesses or its time.
    #[error("nothing to verify")]
    Closed,
    /// The destination got a message a moment ago.
    #[error("too soon")]
    TooSoon(Busy),
    /// So many messages, or numbers, are allowed.
    #[error("too many sends")]
    TooManySends(Busy),
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl From<DbErr> for MeError {
    fn from(error: DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

impl From<Trouble> for MeError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Busy(busy) => Self::Busy(busy),
            Trouble::Unexpected(fault) => Self::Unexpected(fault),
        }
    }
}

/// What changed: an event, and a notice to the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    TwoFactorOn,
    TwoFactorOff,
    PreferredProvider,
    PhoneAdded,
    PhoneRemoved,
    AuthenticatorAdded,
    AuthenticatorRemoved,
    RecoveryCodesMade,
    Password,
    EmailAskedFor,
    Email,
    AccountDeleted,
}

impl Change {
    /// The stable name in the database, in answers and in the notice's template.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TwoFactorOn => "two_factor_on",
            Self::TwoFactorOff => "two_factor_off",
            Self::PreferredProvider => "preferred_provider_changed",
            Self::PhoneAdded => "phone_added",
            Self::PhoneRemoved => "phone_removed",
            Self::AuthenticatorAdded => "authenticator_added",
            Self::AuthenticatorRemoved => "authenticator_removed",
            Self::RecoveryCodesMade => "recovery_codes_made",
            Self::Password => "password_changed",
            Self::EmailAskedFor => "email_change_requested",
            Self::Email => "email_changed",
            Self::AccountDeleted => "account_deleted",
        }
    }
}

/// Who asks by an access token: the account as it is now, and from where.
pub(super) struct Owner<'a> {
    pub user: user::Model,
    pub claims: &'a Claims,
    pub client: &'a Client,
}

impl Auth {
    /// The owner behind a token whose session still lives.
    pub(super) async fn owner<'a>(
        &self,
        claims: &'a Claims,
        client: &'a Client,
    ) -> Result<Owner<'a>, MeError> {
        let (db, now) = (&self.0.db, self.0.clock.now());
        let living = session::find_living(db, claims.session_id, now).await?;
        if living.is_none_or(|session| session.user_id != claims.user_id) {
            return Err(MeError::Gone);
        }
        let user = users::find(db, claims.user_id).await?.filter(|user| user.disabled_at.is_none());
        Ok(Owner { user: user.ok_or(MeError::Gone)?, claims, client })
    }

    /// The owner, if the sign-in is fresh and, with the second step on, passed it: what every change demands.
    pub(super) async fn fresh_owner<'a>(
        &self,
        claims: &'a Claims,
        client: &'a Client,
    ) -> Result<Owner<'a>, MeError> {
        let owner = self.owner(claims, client).await?;
        let is_fresh = self.0.clock.now().since(claims.auth_time) < FRESH;
        let passed = |method: &Method| matches!(method, Method::Otp | Method::Recovery);
        let is_strong = !owner.user.two_factor_enabled || claims.methods.iter().any(passed);
        if is_fresh && is_strong { Ok(owner) } else { Err(MeError::ReauthenticationRequired) }
    }

    /// Decides and makes a change, and again by what is true then, as long as `round` says with `None` that another one of the
    /// account came first.
    pub(super) async fn in_turn<T>(
        &self,
        round: impl AsyncFn() -> Result<Option<T>, MeError>,
    ) -> Result<T, MeError> {
        for _ in 0..MOST_ROUNDS {
            if let Some(done) = round().await? {
                return Ok(done);
            }
        }
        Err(MeError::Busy(Busy { retry_after: BUSY_FOR }))
    }

    /// Leaves the event of a change and mails the owner, in the transaction of the change. `None`, and nothing may be committed,
    /// if the session has ended since it was looked at.
    pub(super) async fn note(
        &self,
        tx: &impl ConnectionTrait,
        owner: &Owner<'_>,
        change: Change,
        now: Timestamp,
    ) -> Result<Option<Queued>, Unexpected> {
        if !session::touch(tx, owner.claims.session_id, now).await? {
            return Ok(None);
        }
        let detail = serde_json::json!({ "session": owner.claims.session_id });
        let address = Some(owner.client.address);
        event::record(tx, owner.user.id, EventKind::Changed(change), address, &detail, now).await?;
        self.notify(tx, &owner.user, Notice::Changed(change)).await.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::Change::*;
    use super::{MOST_ROUNDS, MeError};
    use crate::auth::fixture;
    use crate::courier::CHANGES;

    #[actix_web::test]
    async fn a_change_that_others_overtake_is_decided_anew_so_often_and_no_more() {
        let house = fixture::house().await;
        let rounds = Cell::new(0);
        let made_in = async |last: u32| {
            rounds.set(0);
            let change = async || {
                rounds.set(rounds.get() + 1);
                Ok((rounds.get() == last).then_some(()))
            };
            house.auth.in_turn(change).await
        };

        assert!(made_in(MOST_ROUNDS).await.is_ok());
        assert!(matches!(made_in(MOST_ROUNDS + 1).await, Err(MeError::Busy(_))));
        assert_eq!(rounds.get(), MOST_ROUNDS);
    }

    #[test]
    fn the_notice_knows_every_change() {
        let all = [
            TwoFactorOn,
            TwoFactorOff,
            PreferredProvider,
            PhoneAdded,
            PhoneRemoved,
            AuthenticatorAdded,
            AuthenticatorRemoved,
            RecoveryCodesMade,
            Password,
            EmailAskedFor,
            Email,
            AccountDeleted,
        ];

        assert_eq!(all.map(super::Change::as_str), CHANGES);
    }
}
