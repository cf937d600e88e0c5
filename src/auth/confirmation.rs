//! The confirmation of an address by its mailed link.

use entity::user;
use log::info;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use serde_json::json;

use super::event::{self, EventKind};
use super::link::{self, LinkPurpose, Pending};
use super::transaction::{self, retried};
use super::{Auth, EmailAddress, Unexpected, revocation, user as users};
use crate::clock::Timestamp;

/// Why an address was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Wrong, used, expired, or of another purpose or user: alike.
    #[error("invalid link")]
    InvalidLink,
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl From<DbErr> for ConfirmError {
    fn from(error: DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

impl Auth {
    /// Opens a confirmation link, once. The registration that it carries takes effect, and every other link dies: an
    /// outsider who registered the same address has gained nothing. `email` is what the link names; it must be the
    /// account's.
    ///
    /// # Errors
    /// [`ConfirmError`]
    pub async fn confirm_email(&self, email: &str, token: &str) -> Result<(), ConfirmError> {
        let house = &*self.0;
        let now = house.clock.now();
        let email = EmailAddress::parse(email).map_err(|_| ConfirmError::InvalidLink)?;
        let user = users::find_by_email(&house.db, &email).await?.ok_or(ConfirmError::InvalidLink)?;
        let found = link::find(&house.db, LinkPurpose::ConfirmEmail, token, now).await?;
        let found = found.filter(|link| link.user_id == user.id).ok_or(ConfirmError::InvalidLink)?;
        let pending = link::pending(&house.vault, &found)?;
        if !retried(|| self.open_confirmation(&user, token, &pending)).await? {
            return Err(ConfirmError::InvalidLink);
        }
        info!(user_id:% = user.id; "address confirmed");
        Ok(())
    }

    /// One transaction: the link is used up, the registration takes effect. False if the link is worthless by now.
    async fn open_confirmation(
        &self,
        user: &user::Model,
        token: &str,
        pending: &Pending,
    ) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let opens = confirm(&tx, user, pending, now).await?
            && link::consume(&tx, user, LinkPurpose::ConfirmEmail, token, now).await?;
        if !opens {
            return Ok(false);
        }
        link::kill_all(&tx, user.id, now).await?;
        if pending.password_hash != user.password_hash {
            revocation::end_sign_ins(&tx, user.id, now).await?;
        }
        event::record(&tx, user.id, EventKind::EmailConfirmed, None, &json!({}), now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Gives the account what the link carries, unless another link was first: one guarded statement.
async fn confirm(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    pending: &Pending,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let is_same_password = pending.password_hash == user.password_hash;
    let stamp = if is_same_password { user.security_stamp.clone() } else { users::new_stamp() };
    let confirmed = user::Entity::update_many()
        .col_expr(user::Column::EmailConfirmed, Expr::value(true))
        .col_expr(user::Column::Email, Expr::value(pending.email.clone()))
        .col_expr(user::Column::PasswordHash, Expr::value(pending.password_hash.clone()))
        .col_expr(user::Column::FirstName, Expr::value(pending.first_name.clone()))
        .col_expr(user::Column::LastName, Expr::value(pending.last_name.clone()))
        .col_expr(user::Column::SecurityStamp, Expr::value(stamp))
        .col_expr(user::Column::UpdatedAt, Expr::value(now.millis()))
        .filter(user::Column::Id.eq(user.id))
        .filter(user::Column::EmailConfirmed.eq(false))
        .filter(user::Column::SecurityStamp.eq(&user.security_stamp))
        .filter(user::Column::DisabledAt.is_null())
        .exec(tx)
        .await?;
    Ok(confirmed.rows_affected == 1)
}
