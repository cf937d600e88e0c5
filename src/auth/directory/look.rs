//! Accounts as an operator sees them.

use std::collections::HashMap;

use entity::{factor, lockout, user};
use sea_orm::{
    ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{DirectoryError, UserSummary};
use crate::auth::lockout::Lane;
use crate::auth::{Auth, EmailAddress, user as users};
use crate::clock::Timestamp;

/// A page is no longer than this, whatever is asked: its keys must fit in a statement.
const LONGEST_PAGE: u64 = 500;

impl Auth {
    /// One account.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn show_user(&self, email: &str) -> Result<UserSummary, DirectoryError> {
        let user = self.named_user(email).await?;
        self.summary(user).await
    }

    /// Up to `limit` accounts (at most 500) after the one with the address `after`, ordered by address.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn list_users(
        &self,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<UserSummary>, DirectoryError> {
        let mut page =
            user::Entity::find().order_by_asc(user::Column::EmailKey).limit(limit.min(LONGEST_PAGE));
        if let Some(after) = after {
            let after = EmailAddress::from_field(after)?;
            page = page.filter(user::Column::EmailKey.gt(after.key()));
        }
        let users = page.all(&self.0.db).await?;
        Ok(self.summaries(users).await?)
    }

    pub(super) async fn summary(&self, user: user::Model) -> Result<UserSummary, DirectoryError> {
        self.summaries(vec![user]).await?.pop().ok_or(DirectoryError::Unknown)
    }

    /// Adds what other tables know of the users, with one statement per table.
    async fn summaries(&self, users: Vec<user::Model>) -> Result<Vec<UserSummary>, DbErr> {
        let house = &*self.0;
        let now = house.clock.now();
        let lane = |user: &user::Model| Lane::of_address(&house.vault, &user.email_key).key().to_owned();
        let locks: HashMap<String, Timestamp> = lockout::Entity::find()
            .filter(lockout::Column::Key.is_in(users.iter().map(lane)))
            .filter(lockout::Column::LockedUntil.gt(now.millis()))
            .all(&house.db)
            .await?
            .into_iter()
            .filter_map(|row| Some((row.key, Timestamp::from_millis(row.locked_until?))))
            .collect();
        let disabled = factor::Entity::find()
            .filter(factor::Column::UserId.is_in(users.iter().map(|user| user.id)))
            .filter(factor::Column::DisabledAt.is_not_null())
            .order_by_asc(factor::Column::Provider)
            .all(&house.db)
            .await?;
        let disabled_of = |id: Uuid| {
            disabled.iter().filter(|row| row.user_id == id).map(|row| row.provider.clone()).collect()
        };
        let summarise = |user: user::Model| UserSummary {
            locked_until: locks.get(&lane(&user)).copied(),
            disabled_factors: disabled_of(user.id),
            roles: users::roles_of(&user),
            id: user.id,
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            email_confirmed: user.email_confirmed,
            two_factor_enabled: user.two_factor_enabled,
            preferred_provider: user.preferred_provider,
            phone_number: user.phone_number,
            phone_confirmed: user.phone_confirmed,
            disabled_at: user.disabled_at.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(user.created_at),
        };
        Ok(users.into_iter().map(summarise).collect())
    }
}
