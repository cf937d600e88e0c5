//! Wrong passwords in a row, and the lock that follows.
//!
//! They are counted per address, whether or not an account has it, so that known and unknown addresses cost the same
//! statements; a known browser is counted on a lane of its own. The count comes after the hash, but a right password
//! is looked at against the lock after its own hash too: in whatever order parallel guesses end, none succeeds once
//! `lockout_attempts` wrong ones have been recorded.

use std::time::Duration;

use entity::lockout::{ActiveModel, Column, Entity};
use entity::user;
use log::{info, warn};
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
};
use serde_json::json;
use uuid::Uuid;

use super::event::{self, EventKind};
use super::notice::Notice;
use super::transaction::{self, is_taken, retried};
use super::{AccountSettings, Auth, Client, EmailAddress, Unexpected, user as users};
use crate::clock::Timestamp;
use crate::courier::Content;
use crate::vault::{Use, Vault};

/// Whose wrong passwords are counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lane {
    key: String,
    user_id: Option<Uuid>,
}

impl Lane {
    /// Everybody who tries this address.
    pub(super) fn of_address(vault: &Vault, email_key: &str) -> Self {
        let key = vault.fingerprint(Use::Destination, &[b"lockout", email_key.as_bytes()]);
        Self { key, user_id: None }
    }

    /// One known browser of the account `user_id`.
    pub(super) fn of_browser(vault: &Vault, lane: Uuid, user_id: Uuid) -> Self {
        let key = vault.fingerprint(Use::Destination, &[b"lockout-browser", lane.as_bytes()]);
        Self { key, user_id: Some(user_id) }
    }

    /// The key of its row.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The account, if it is a browser's.
    #[cfg(test)]
    pub(super) fn user_id(&self) -> Option<Uuid> {
        self.user_id
    }
}

/// How a lane stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing counted.
    Clean,
    /// Some wrong passwords, not locked.
    Counted,
    /// Locked: even a right password is refused.
    Locked,
}

/// What one more wrong password did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// It was counted.
    Counted,
    /// It was the last one: the lane is locked now. Told to exactly one caller per lock.
    LockedNow,
    /// The lane was locked already.
    Locked,
}

/// Whose password was wrong, and who gave it.
pub(super) struct WrongPassword<'a> {
    /// Nobody, for an address that no account has.
    pub owner: Option<&'a user::Model>,
    /// As typed, if it is an address.
    pub email: Option<&'a EmailAddress>,
    pub client: &'a Client,
    /// Where the owner may ask for a new password.
    pub reset_page: &'a str,
}

impl Auth {
    /// Counts one wrong password; the one that locks is mailed to the owner.
    pub(super) async fn count_wrong_password(
        &self,
        lane: &Lane,
        wrong: &WrongPassword<'_>,
        now: Timestamp,
    ) -> Result<(), Unexpected> {
        if self.record_failure(lane, wrong, &self.0.accounts, now).await? == Failure::LockedNow {
            self.tell_of_lock(wrong).await;
        }
        Ok(())
    }

    /// Counts one wrong password: one guarded statement decides what it did.
    async fn record_failure(
        &self,
        lane: &Lane,
        wrong: &WrongPassword<'_>,
        settings: &AccountSettings,
        now: Timestamp,
    ) -> Result<Failure, Unexpected> {
        let db = &self.0.db;
        let last = i32::try_from(settings.lockout_attempts).unwrap_or(i32::MAX) - 1;
        for _ in 0..3 {
            if count(db, lane, last, now).await? {
                return Ok(Failure::Counted);
            }
            if start(db, lane, now).await? {
                continue;
            }
            let locked = match retried(|| self.lock_in_trail(lane, wrong, last, settings, now)).await {
                // An account that was deleted meanwhile has no trail.
                Err(_) if self.is_gone(wrong.owner).await? => {
                    let nobody = WrongPassword { owner: None, ..*wrong };
                    retried(|| self.lock_in_trail(lane, &nobody, last, settings, now)).await?
                }
                locked => locked?,
            };
            if locked {
                return Ok(Failure::LockedNow);
            }
            if standing(db, lane, now).await? == Standing::Locked {
                return Ok(Failure::Locked);
            }
        }
        Ok(Failure::Locked)
    }

    async fn is_gone(&self, owner: Option<&user::Model>) -> Result<bool, Unexpected> {
        let Some(owner) = owner else { return Ok(false) };
        Ok(users::find(&self.0.db, owner.id).await?.is_none())
    }

    /// One transaction: the lock and its event; for an address that nobody has, a row that costs as much.
    async fn lock_in_trail(
        &self,
        lane: &Lane,
        wrong: &WrongPassword<'_>,
        last: i32,
        settings: &AccountSettings,
        now: Timestamp,
    ) -> Result<bool, Unexpected> {
        let tx = transaction::begin(&self.0.db).await?;
        if !lock(&tx, lane, last, settings, now).await? {
            return Ok(false);
        }
        match (wrong.owner, wrong.email) {
            (Some(owner), _) => {
                let (kind, address) = (EventKind::LockedOut, Some(wrong.client.address));
                let detail = json!({ "userAgent": wrong.client.user_agent });
                event::record(&tx, owner.id, kind, address, &detail, now).await?;
            }
            (None, Some(email)) => {
                let nothing = Content { subject: String::new(), text: String::new(), html: String::new() };
                let decoy = self.mail(email.as_str(), nothing, Duration::ZERO);
                self.0.courier.enqueue_decoy(&tx, &decoy, now).await?;
            }
            (None, None) => {}
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Mails the owner of a lane that was locked just now; an address that nobody has costs the same, so that the time
    /// of the answer tells nothing, and what is no address at all costs nothing. A failure is logged only: the lock
    /// stands.
    async fn tell_of_lock(&self, wrong: &WrongPassword<'_>) {
        let told = match (wrong.owner.filter(|owner| owner.disabled_at.is_none()), wrong.email) {
            (Some(owner), _) => {
                info!(user_id:% = owner.id; "account locked");
                self.notify_if_allowed(owner, Notice::LockedOut(wrong.reset_page)).await
            }
            (None, Some(email)) => self.notify_nobody(email, Notice::LockedOut(wrong.reset_page)).await,
            (None, None) => Ok(()),
        };
        if let Err(error) = told {
            warn!(error:% = error; "lock notice not queued");
        }
    }
}

pub(super) async fn standing(
    db: &impl ConnectionTrait,
    lane: &Lane,
    now: Timestamp,
) -> Result<Standing, DbErr> {
    Ok(match Entity::find_by_id(&lane.key).one(db).await? {
        Some(row) if row.locked_until.is_some_and(|until| until > now.millis()) => Standing::Locked,
        Some(row) if row.failures > 0 => Standing::Counted,
        Some(_) | None => Standing::Clean,
    })
}

/// Forgets the lane's wrong passwords after a right one.
pub(super) async fn clear(db: &impl ConnectionTrait, lane: &Lane) -> Result<(), DbErr> {
    Entity::delete_by_id(&lane.key).exec(db).await?;
    Ok(())
}

/// Forgets every wrong password of the account and lifts its locks, those of its known browsers too.
pub(super) async fn lift(tx: &impl ConnectionTrait, vault: &Vault, user: &user::Model) -> Result<(), DbErr> {
    clear(tx, &Lane::of_address(vault, &user.email_key)).await?;
    Entity::delete_many().filter(Column::UserId.eq(user.id)).exec(tx).await?;
    Ok(())
}

fn unlocked(now: Timestamp) -> Condition {
    Condition::any().add(Column::LockedUntil.is_null()).add(Column::LockedUntil.lte(now.millis()))
}

async fn count(db: &impl ConnectionTrait, lane: &Lane, last: i32, now: Timestamp) -> Result<bool, DbErr> {
    let counted = Entity::update_many()
        .col_expr(Column::Failures, Expr::col(Column::Failures).add(1))
        .col_expr(Column::UpdatedAt, now.millis().into())
        .filter(Column::Key.eq(&lane.key))
        .filter(Column::Failures.lt(last))
        .filter(unlocked(now))
        .exec(db)
        .await?;
    Ok(counted.rows_affected == 1)
}

async fn lock(
    db: &impl ConnectionTrait,
    lane: &Lane,
    last: i32,
    settings: &AccountSettings,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let locked = Entity::update_many()
        .col_expr(Column::Failures, 0.into())
        .col_expr(Column::LockedUntil, now.plus(settings.lockout_duration.0).millis().into())
        .col_expr(Column::UpdatedAt, now.millis().into())
        .filter(Column::Key.eq(&lane.key))
        .filter(Column::Failures.gte(last))
        .filter(unlocked(now))
        .exec(db)
        .await?;
    Ok(locked.rows_affected == 1)
}

/// Makes the lane's row; false if it was there.
async fn start(db: &impl ConnectionTrait, lane: &Lane, now: Timestamp) -> Result<bool, DbErr> {
    let row = ActiveModel {
        key: Set(lane.key.clone()),
        user_id: Set(lane.user_id),
        failures: Set(0),
        locked_until: Set(None),
        updated_at: Set(now.millis()),
    };
    match Entity::insert(row).exec_without_returning(db).await {
        Ok(_) => Ok(true),
        Err(error) if is_taken(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
