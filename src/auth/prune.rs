//! Removing rows that nothing can use any more. Their expiry is judged when they are used, not here.

use std::time::Duration;

use entity::{challenge, event, link, lockout, session};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use super::{Auth, Unexpected, window};

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(24 * 30);

impl Auth {
    /// Removes what has been dead for a day (sessions: 30 days) and events older than `keep_events`; tells how many rows
    /// that were.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn prune(&self, keep_events: Duration) -> Result<u64, Unexpected> {
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
        let events =
            event::Entity::delete_many().filter(event::Column::At.lt(now.minus(keep_events).millis()));
        window::prune(db, now).await?;
        Ok(links.exec(db).await?.rows_affected
            + challenges.exec(db).await?.rows_affected
            + sessions.exec(db).await?.rows_affected
            + lockouts.exec(db).await?.rows_affected
            + events.exec(db).await?.rows_affected)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::event::{EventKind, record};
    use crate::auth::fixture::{self, NOW};

    #[actix_web::test]
    async fn events_go_when_they_are_old_enough() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        for at in [NOW, NOW.plus(DAY)] {
            record(house.db(), jo.id, EventKind::UserChanged, None, &json!({}), at).await.unwrap();
        }
        house.clock.advance(DAY * 3);

        let pruned = house.auth.prune(DAY * 2).await.unwrap();

        let left = event::Entity::find().all(house.db()).await.unwrap();
        assert_eq!(pruned, 1);
        assert_eq!(left.iter().map(|event| event.at).collect::<Vec<_>>(), [NOW.plus(DAY).millis()]);
    }
}
