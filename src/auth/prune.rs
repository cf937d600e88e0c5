//! Removing rows that nothing can use any more. Their expiry is judged when they are used, not here.

use std::time::Duration;

use entity::{challenge, event, link, lockout, session};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use super::{Auth, Unexpected, budget, device, refresh, window};

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(24 * 30);

impl Auth {
    /// Removes what has been dead for a day (sessions: 30 days, their refresh tokens a day; events: after `[events] keep`); tells how many rows that
    /// were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn prune(&self) -> Result<u64, Unexpected> {
        let (db, now) = (&self.0.db, self.0.clock.now());
        let (yesterday, last_month) = (now.minus(DAY).millis(), now.minus(MONTH).millis());
        let unlocked = Condition::any()
            .add(lockout::Column::LockedUntil.is_null())
            .add(lockout::Column::LockedUntil.lte(now.millis()));
        let links = link::Entity::delete_many().filter(link::Column::ExpiresAt.lt(yesterday));
        let challenges = challenge::Entity::delete_many().filter(challenge::Column::ExpiresAt.lt(yesterday));
        let sessions = session::Entity::delete_many().filter(session::Column::ExpiresAt.lt(last_month));
        let lockouts =
            lockout::Entity::delete_many().filter(lockout::Column::UpdatedAt.lt(yesterday)).filter(unlocked);
        let oldest = now.minus(self.0.keep_events).millis();
        let events = event::Entity::delete_many().filter(event::Column::At.lt(oldest));
        Ok(window::prune(db, now).await?
            + budget::prune(db, now.minus(MONTH * 2)).await?
            + refresh::prune(db, now.minus(DAY)).await?
            + device::prune(db, now.minus(DAY)).await?
            + events.exec(db).await?.rows_affected
            + links.exec(db).await?.rows_affected
            + challenges.exec(db).await?.rows_affected
            + sessions.exec(db).await?.rows_affected
            + lockouts.exec(db).await?.rows_affected)
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::PaginatorTrait as _;

    use super::*;
    use crate::auth::fixture;

    #[actix_web::test]
    async fn what_is_dead_goes_and_what_lives_stays() {
        let house = fixture::house().await;
        fixture::insert_user(house.db(), "owner@example.com").await;
        house.auth.forgot_password("owner@example.com", None).await.unwrap();
        house.auth.forgot_password("nobody@example.com", None).await.unwrap();
        house.clock.advance(DAY);
        house.auth.forgot_password("owner@example.com", None).await.unwrap();

        let fresh = house.auth.prune().await.unwrap();
        house.clock.advance(Duration::from_hours(3));
        let dead = house.auth.prune().await.unwrap();

        assert_eq!(fresh, 1, "the window of nobody: nothing in it counts any more");
        assert_eq!(dead, 2, "the first link, and the window of the owner");
        assert_eq!(link::Entity::find().count(house.db()).await.unwrap(), 1);
    }
}
