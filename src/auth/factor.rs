//! Wrong codes in a row with one provider, and the end of that factor when there are too many.

use entity::factor::{ActiveModel, Column, Entity};
use entity::user;
use log::warn;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
};
use serde_json::json;
use uuid::Uuid;

use super::event::{self, EventKind};
use super::notice::Notice;
use super::transaction::{self, is_taken, retried};
use super::{Auth, Client, Unexpected};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::otp::ProviderKind;

impl Auth {
    /// Counts a wrong code of a client; the one that reaches `account_attempts_total` disables the factor and tells its owner.
    pub(super) async fn record_wrong_code(
        &self,
        user: &user::Model,
        provider: &str,
        kind: ProviderKind,
        client: &Client,
    ) -> Result<(), Unexpected> {
        let house = &*self.0;
        retried(async || Ok(count_failure(&house.db, user.id, provider).await?)).await?;
        if let Some(queued) = retried(|| self.disable_if_spent(user, provider, kind, client)).await? {
            house.courier.wake(queued);
            warn!(user_id:% = user.id, provider = provider; "factor disabled by wrong codes");
        }
        Ok(())
    }

    /// One transaction: the factor is disabled, the event and the notice. `None` if it has failures left, or is disabled already.
    async fn disable_if_spent(
        &self,
        user: &user::Model,
        provider: &str,
        kind: ProviderKind,
        client: &Client,
    ) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let most = i32::try_from(house.two_step.load().account_attempts_total).unwrap_or(i32::MAX);
        let tx = transaction::begin(&house.db).await?;
        let now = house.clock.now();
        if !disable(&tx, user.id, provider, most, now).await? {
            return Ok(None);
        }
        let detail = json!({ "provider": provider, "userAgent": client.user_agent });
        event::record(&tx, user.id, EventKind::FactorDisabled, Some(client.address), &detail, now).await?;
        let queued = self.notify(&tx, user, Notice::FactorDisabled(provider, kind)).await?;
        tx.commit().await?;
        Ok(Some(queued))
    }
}

/// How an account has fared with a provider.
pub(super) enum Standing {
    /// No wrong code since the last right one.
    Clean,
    /// Some.
    Failed,
    /// Too many: the factor is switched off.
    Disabled,
}

pub(super) async fn standing(
    db: &impl ConnectionTrait,
    user_id: Uuid,
    provider: &str,
) -> Result<Standing, DbErr> {
    let row = Entity::find_by_id((user_id, provider.to_owned())).one(db).await?;
    Ok(match row {
        Some(row) if row.disabled_at.is_some() => Standing::Disabled,
        Some(row) if row.failures > 0 => Standing::Failed,
        Some(_) | None => Standing::Clean,
    })
}

/// Forgets the wrong codes in a row after a right one.
pub(super) async fn forget_failures(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    provider: &str,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Failures, 0.into())
        .filter(Column::UserId.eq(user_id))
        .filter(Column::Provider.eq(provider))
        .filter(Column::Failures.gt(0))
        .exec(tx)
        .await?;
    Ok(())
}

async fn count_failure(db: &impl ConnectionTrait, user_id: Uuid, provider: &str) -> Result<(), DbErr> {
    loop {
        let counted = Entity::update_many()
            .col_expr(Column::Failures, Expr::col(Column::Failures).add(1))
            .filter(Column::UserId.eq(user_id))
            .filter(Column::Provider.eq(provider))
            .exec(db)
            .await?;
        if counted.rows_affected == 1 {
            return Ok(());
        }
        let first = ActiveModel {
            user_id: Set(user_id),
            provider: Set(provider.to_owned()),
            failures: Set(1),
            disabled_at: Set(None),
        };
        match Entity::insert(first).exec_without_returning(db).await {
            Ok(_) => return Ok(()),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Disables the factor if its failures have reached `most`; true for the one call that did it.
async fn disable(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    provider: &str,
    most: i32,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let disabled = Entity::update_many()
        .col_expr(Column::DisabledAt, Expr::value(now.millis()))
        .filter(Column::UserId.eq(user_id))
        .filter(Column::Provider.eq(provider))
        .filter(Column::Failures.gte(most))
        .filter(Column::DisabledAt.is_null())
        .exec(tx)
        .await?;
    Ok(disabled.rows_affected == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixture::{self, NOW};

    #[tokio::test]
    async fn a_factor_is_disabled_at_its_last_wrong_code_and_once() {
        let database = fixture::database().await;
        let db = &database.connection;
        let jo = fixture::insert_user(db, "jo@example.com").await;

        count_failure(db, jo.id, "Email").await.unwrap();
        let early = disable(db, jo.id, "Email", 2, NOW).await.unwrap();
        count_failure(db, jo.id, "Email").await.unwrap();
        let other = disable(db, jo.id, "Sms", 2, NOW).await.unwrap();
        let last = disable(db, jo.id, "Email", 2, NOW).await.unwrap();
        let again = disable(db, jo.id, "Email", 2, NOW).await.unwrap();

        assert_eq!((early, other, last, again), (false, false, true, false));
    }
}
