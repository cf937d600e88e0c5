//! Removing rows that nothing can use any more. Their expiry is judged when they are used, not here.

use std::time::Duration;

use entity::{challenge, link, lockout, session};
use sea_orm::{ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _};

use super::{Auth, Unexpected, window};

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(24 * 30);

impl Auth {
    /// Removes what has been dead for a day (sessions: 30 days); tells how many rows that were.
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
        window::prune(db, now).await?;
        Ok(links.exec(db).await?.rows_affected
            + challenges.exec(db).await?.rows_affected
            + sessions.exec(db).await?.rows_affected
            + lockouts.exec(db).await?.rows_affected)
    }
}
