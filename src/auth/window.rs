//! Sliding windows in the database: how often something happened lately, counted by one guarded statement.

use std::time::Duration;

use sea_orm::DatabaseConnection;

use super::Unexpected;
use crate::clock::{Rate, Timestamp};

/// What a window answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was counted.
    Counted,
    /// The window is full; nothing was counted.
    Full {
        /// How long until it has room.
        retry_after: Duration,
    },
}

/// Counts one event at `now` in the window `key`, if `rate` allows one more: a statement of its own that no rollback gives back.
pub(super) async fn take(
    db: &DatabaseConnection,
    key: &str,
    rate: Rate,
    now: Timestamp,
) -> Result<Taken, Unexpected> {
    todo!()
}

/// Takes the event that was counted at `at` out again.
pub(super) async fn give_back(db: &DatabaseConnection, key: &str, at: Timestamp) -> Result<(), Unexpected> {
    todo!()
}

/// Forgets everything counted in the window.
pub(super) async fn clear(db: &impl sea_orm::ConnectionTrait, key: &str) -> Result<(), sea_orm::DbErr> {
    todo!()
}
