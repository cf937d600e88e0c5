//! Accounts changed and deleted by an operator.

use entity::{factor, user};
use log::info;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use serde_json::json;

use super::{Change, DirectoryError, UserSummary, checked_roles};
use crate::auth::challenge::sends_window;
use crate::auth::event::{self, EventKind};
use crate::auth::transaction::{self, retried};
use crate::auth::verification::attempts_window;
use crate::auth::{Auth, Unexpected, lockout, revocation, user as users, window};
use crate::clock::Timestamp;
use crate::vault::Vault;

impl Auth {
    /// Changes an account, all of it or nothing. The second step may be switched on before a provider is valid: the
    /// next login then says so.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn change_user(&self, email: &str, change: Change) -> Result<UserSummary, DirectoryError> {
        let user = self.named_user(email).await?;
        let roles = change.roles.as_deref().map(checked_roles).transpose()?;
        if !retried(|| self.apply(&user, &change, roles.as_deref())).await? {
            return Err(DirectoryError::Unknown);
        }
        info!(user_id:% = user.id; "user changed");
        self.show_user(email).await
    }

    /// False if the account was deleted meanwhile.
    async fn apply(
        &self,
        user: &user::Model,
        change: &Change,
        roles: Option<&[String]>,
    ) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if !update(&tx, user, change, roles, now).await? {
            return Ok(false);
        }
        if change.disabled == Some(true) {
            revocation::end_everything(&tx, user.id, now).await?;
        }
        if change.unlock {
            unlock(&tx, &house.vault, user).await?;
            forget_sends(&tx, &house.vault, user).await?;
        }
        let detail = json!({
            "twoFactorEnabled": change.two_factor_enabled,
            "roles": roles,
            "unlocked": change.unlock,
            "disabled": change.disabled,
        });
        event::record(&tx, user.id, EventKind::UserChanged, None, &detail, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes an account and all that hangs on it.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn delete_user(&self, email: &str) -> Result<(), DirectoryError> {
        let user = self.named_user(email).await?;
        if !retried(|| self.delete(&user)).await? {
            return Err(DirectoryError::Unknown);
        }
        info!(user_id:% = user.id; "user deleted");
        Ok(())
    }

    async fn delete(&self, user: &user::Model) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let tx = transaction::begin(&house.db).await?;
        if !erase(&tx, &house.vault, user).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// Removes an account and all that hangs on it; false if it is gone already.
pub(in crate::auth) async fn erase(
    tx: &impl ConnectionTrait,
    vault: &Vault,
    user: &user::Model,
) -> Result<bool, DbErr> {
    let deleted = user::Entity::delete_by_id(user.id).exec(tx).await?;
    if deleted.rows_affected == 0 {
        return Ok(false);
    }
    unlock(tx, vault, user).await?;
    Ok(true)
}

/// Writes the columns that change; true if the account is there.
async fn update(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    change: &Change,
    roles: Option<&[String]>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let mut update = user::Entity::update_many()
        .col_expr(user::Column::UpdatedAt, Expr::value(now.millis()))
        .filter(user::Column::Id.eq(user.id));
    if let Some(enabled) = change.two_factor_enabled {
        update = update.col_expr(user::Column::TwoFactorEnabled, Expr::value(enabled));
    }
    if let Some(roles) = roles {
        update = update.col_expr(user::Column::Roles, Expr::value(users::roles_column(roles)));
    }
    if let Some(disabled) = change.disabled {
        // One that is switched off already keeps the time of that.
        let since = user.disabled_at.unwrap_or(now.millis());
        update = update.col_expr(user::Column::DisabledAt, Expr::value(disabled.then_some(since)));
    }
    Ok(update.exec(tx).await?.rows_affected == 1)
}

/// Lifts a lock, clears what was counted against the account, and enables its factors again.
async fn unlock(tx: &impl ConnectionTrait, vault: &Vault, user: &user::Model) -> Result<(), DbErr> {
    lockout::lift(tx, vault, user).await?;
    window::clear(tx, &attempts_window(user)).await?;
    factor::Entity::delete_many().filter(factor::Column::UserId.eq(user.id)).exec(tx).await?;
    Ok(())
}

/// Lets codes be sent again to where too many were. Not for an account that is deleted: nobody is to delete and
/// register it anew for more messages.
async fn forget_sends(tx: &impl ConnectionTrait, vault: &Vault, user: &user::Model) -> Result<(), DbErr> {
    for destination in [Some(&user.email), user.phone_number.as_ref()].into_iter().flatten() {
        window::clear(tx, &sends_window(vault, destination)).await?;
    }
    Ok(())
}
