//! An authenticator app is enrolled, confirmed by its first code, and removed.

use std::time::Duration;

use entity::authenticator::{ActiveModel, Column, Entity, Model};
use entity::{factor, user};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use zeroize::Zeroizing;

use super::{Auth, Change, MeError, Owner};
use crate::auth::authenticator as apps;
use crate::auth::transaction::{self, is_taken, retried};
use crate::auth::verification::digits;
use crate::auth::{Client, FieldError, Unexpected, user as users};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::otp::{Code, Match, ProviderKind, SharedSecret, totp};
use crate::token::Claims;

/// How long a shown secret waits for its first code.
const PATIENCE: Duration = Duration::from_mins(15);

/// What an app needs to be enrolled. No `Debug`, no `Serialize`: it is shown once.
pub struct Enrolment {
    /// The secret in base32, to be typed.
    pub shared_key: Zeroizing<String>,
    /// `otpauth://totp/…`
    pub otpauth_uri: Zeroizing<String>,
    /// The same as a QR code, an SVG document.
    pub qr_svg: Zeroizing<String>,
}

impl Auth {
    /// Draws a secret for the token's owner. It counts once a code has confirmed it; an app that is enrolled works until then.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn begin_authenticator(&self, claims: &Claims, client: &Client) -> Result<Enrolment, MeError> {
        let house = &*self.0;
        let owner = self.fresh_owner(claims, client).await?;
        if house.providers.load().names_of(ProviderKind::Authenticator).is_empty() {
            return Err(MeError::NoValidProvider);
        }
        let secret = SharedSecret::draw();
        let sealed = apps::seal(&house.vault, owner.user.id, &secret);
        retried(|| self.keep_pending(&owner.user, &sealed)).await?;
        let issuer = house.origins.load().public_url.host_str().unwrap_or_default().to_owned();
        let drawn = || {
            let uri = secret.to_uri(&issuer, &owner.user.email)?;
            let svg = Zeroizing::new(totp::qr_svg(&uri)?);
            Some(Enrolment { shared_key: secret.to_base32(), otpauth_uri: uri, qr_svg: svg })
        };
        drawn().ok_or_else(|| Unexpected(anyhow::anyhow!("an enrolment cannot be drawn")).into())
    }

    async fn keep_pending(&self, user: &user::Model, sealed: &[u8]) -> Result<(), Unexpected> {
        let (db, now) = (&self.0.db, self.0.clock.now().millis());
        for _ in 0..2 {
            let kept = Entity::update_many()
                .col_expr(Column::PendingSecret, Expr::value(Some(sealed.to_vec())))
                .col_expr(Column::PendingAt, Expr::value(Some(now)))
                .col_expr(Column::PendingAttempts, Expr::value(0))
                .filter(Column::UserId.eq(user.id))
                .exec(db)
                .await?;
            if kept.rows_affected == 1 {
                return Ok(());
            }
            let row = ActiveModel {
                user_id: Set(user.id),
                secret: Set(None),
                confirmed_at: Set(None),
                last_step: Set(0),
                pending_secret: Set(Some(sealed.to_vec())),
                pending_at: Set(Some(now)),
                pending_attempts: Set(0),
            };
            match Entity::insert(row).exec_without_returning(db).await {
                Ok(_) => return Ok(()),
                Err(error) if is_taken(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Unexpected(anyhow::anyhow!("an enrolment comes and goes")))
    }

    /// Confirms the secret by a code of the app. The code's time step is used up: it signs nobody in.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn verify_authenticator(
        &self,
        claims: &Claims,
        client: &Client,
        typed: &str,
    ) -> Result<(), MeError> {
        let house = &*self.0;
        let owner = self.fresh_owner(claims, client).await?;
        let code = digits(typed, totp::DIGITS).ok_or_else(malformed)?;
        let now = house.clock.now();
        let row = Entity::find_by_id(owner.user.id).one(&house.db).await?;
        let sealed = row.and_then(|row| waiting(row, now)).ok_or(MeError::Closed)?;
        let most = house.two_step.load().max_attempts;
        if !count_guess(&house.db, &owner.user, &sealed, most).await? {
            return Err(MeError::Closed);
        }
        let step = self.step(&owner, &sealed, &code).await?;
        // The guess is counted and right: only what it leads to is done in turn.
        let confirmed = self.in_turn(async || {
            let owner = self.fresh_owner(claims, client).await?;
            retried(|| self.confirm(&owner, &sealed, step)).await?
        });
        house.courier.wake(confirmed.await?);
        Ok(())
    }

    async fn step(&self, owner: &Owner<'_>, sealed: &[u8], code: &Code) -> Result<u64, MeError> {
        let house = &*self.0;
        let secret = apps::open(&house.vault, owner.user.id, sealed)?;
        let is_near = match secret.judge(code, house.clock.now()) {
            Match::Step(step) => return Ok(step),
            Match::Near(_) => true,
            Match::Wrong => false,
        };
        let made = guesses_made(&house.db, &owner.user).await?;
        Err(MeError::WrongCode { attempts_left: self.attempts_left(made), is_near })
    }

    /// One transaction: the secret takes the place of the old one, the event and the notice. `None` if the account has changed
    /// meanwhile.
    async fn confirm(
        &self,
        owner: &Owner<'_>,
        sealed: &[u8],
        step: u64,
    ) -> Result<Result<Option<Queued>, MeError>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if users::still_good(&tx, &owner.user).await?.is_none() {
            return Ok(Ok(None));
        }
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let confirmed = Entity::update_many()
            .col_expr(Column::Secret, Expr::value(Some(sealed.to_vec())))
            .col_expr(Column::ConfirmedAt, Expr::value(Some(now.millis())))
            .col_expr(Column::LastStep, Expr::value(step))
            .col_expr(Column::PendingSecret, Expr::value(None::<Vec<u8>>))
            .col_expr(Column::PendingAt, Expr::value(None::<i64>))
            .filter(Column::UserId.eq(owner.user.id))
            .filter(Column::PendingSecret.eq(sealed.to_vec()))
            .exec(&tx)
            .await?;
        if confirmed.rows_affected != 1 {
            // Another secret was drawn meanwhile.
            return Ok(Err(MeError::Closed));
        }
        let names = house.providers.load_full().names_of(ProviderKind::Authenticator);
        forget_disabled(&tx, &owner.user, &names).await?;
        let Some(queued) = self.note(&tx, owner, Change::AuthenticatorAdded, now).await? else {
            return Ok(Err(MeError::Gone));
        };
        tx.commit().await?;
        Ok(Ok(Some(queued)))
    }

    /// Removes the app, unless nothing else would be left for the second step. One that was never confirmed goes without a word.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn remove_authenticator(&self, claims: &Claims, client: &Client) -> Result<(), MeError> {
        let house = &*self.0;
        let queued = self.in_turn(async || {
            let owner = self.fresh_owner(claims, client).await?;
            let Some(app) = Entity::find_by_id(owner.user.id).one(&house.db).await? else {
                return Ok(Some(None));
            };
            if app.secret.is_none() {
                return Ok(drop_pending(&house.db, &owner.user).await?.then_some(None));
            }
            if !self.can_do_without(&owner.user, ProviderKind::Authenticator).await? {
                return Err(MeError::NoValidProvider);
            }
            Ok(retried(|| self.delete_app(&owner)).await?.map(Some))
        });
        if let Some(queued) = queued.await? {
            house.courier.wake(queued);
        }
        Ok(())
    }

    /// One transaction; `None` if the account has changed meanwhile, or the session has ended.
    async fn delete_app(&self, owner: &Owner<'_>) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let tx = transaction::begin(&house.db).await?;
        if !users::take_turn(&tx, &owner.user, house.clock.now()).await? {
            return Ok(None);
        }
        Entity::delete_by_id(owner.user.id).exec(&tx).await?;
        let Some(queued) = self.note(&tx, owner, Change::AuthenticatorRemoved, house.clock.now()).await?
        else {
            return Ok(None);
        };
        tx.commit().await?;
        Ok(Some(queued))
    }
}

fn malformed() -> MeError {
    let message = format!("The code has {} digits.", totp::DIGITS);
    MeError::Invalid(vec![FieldError { field: "code", code: "invalid", message }])
}

/// The secret that waits for its first code, if its time is not over.
fn waiting(row: Model, now: Timestamp) -> Option<Vec<u8>> {
    let since = Timestamp::from_millis(row.pending_at?);
    row.pending_secret.filter(|_| now < since.plus(PATIENCE))
}

/// Takes away an app that was never confirmed; false if it has been since, or is gone: one guarded statement.
async fn drop_pending(db: &impl ConnectionTrait, user: &user::Model) -> Result<bool, DbErr> {
    let dropped = Entity::delete_many()
        .filter(Column::UserId.eq(user.id))
        .filter(Column::Secret.is_null())
        .exec(db)
        .await?;
    Ok(dropped.rows_affected == 1)
}

/// Guesses that are counted on the waiting secret by now; as many as there can be, if it is gone.
async fn guesses_made(db: &impl ConnectionTrait, user: &user::Model) -> Result<i32, DbErr> {
    let row = Entity::find_by_id(user.id).select_only().column(Column::PendingAttempts);
    Ok(row.into_tuple().one(db).await?.unwrap_or(i32::MAX))
}

/// Counts a guess at the waiting secret: one guarded statement.
async fn count_guess(
    db: &impl ConnectionTrait,
    user: &user::Model,
    sealed: &[u8],
    most: u32,
) -> Result<bool, DbErr> {
    let counted = Entity::update_many()
        .col_expr(Column::PendingAttempts, Expr::col(Column::PendingAttempts).add(1))
        .filter(Column::UserId.eq(user.id))
        .filter(Column::PendingSecret.eq(sealed.to_vec()))
        .filter(Column::PendingAttempts.lt(i32::try_from(most).unwrap_or(i32::MAX)))
        .exec(db)
        .await?;
    Ok(counted.rows_affected == 1)
}

/// A factor that was enrolled anew has no past: wrong codes that disabled it are forgotten.
pub(super) async fn forget_disabled(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    providers: &[String],
) -> Result<(), DbErr> {
    factor::Entity::delete_many()
        .filter(factor::Column::UserId.eq(user.id))
        .filter(factor::Column::Provider.is_in(providers))
        .exec(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
