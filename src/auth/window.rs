//! Sliding windows in the database: how often something happened lately, counted by one guarded statement.

use std::time::Duration;

use anyhow::anyhow;
use entity::window::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _,
};

use super::Unexpected;
use crate::clock::{Quota, Rate, Timestamp};

/// A lost race means that somebody else has counted, so no window can be lost more often than it has room.
const MOST_ROUNDS: u32 = 1_000;

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

/// Counts one event at `now` in the window `key`, if `rate` allows one more. Through a transaction it counts once that is
/// committed.
pub(super) async fn take(
    db: &impl ConnectionTrait,
    key: &str,
    rate: Rate,
    now: Timestamp,
) -> Result<Taken, Unexpected> {
    let Some(quota) = rate.0 else { return Ok(Taken::Counted) };
    for _ in 0..MOST_ROUNDS {
        let row = Entity::find_by_id(key).one(db).await?;
        if let Some(taken) = take_from(db, key, row.as_ref(), quota, now).await? {
            return Ok(taken);
        }
    }
    Err(too_much_traffic())
}

/// [`take`] for a window that is emptied whenever all goes well: tells by one statement that it counted in an empty one.
pub(super) async fn take_emptied(
    db: &impl ConnectionTrait,
    key: &str,
    rate: Rate,
    now: Timestamp,
) -> Result<Taken, Unexpected> {
    if let Some(quota) = rate.0
        && start_over(db, key, quota, now).await?
    {
        return Ok(Taken::Counted);
    }
    take(db, key, rate, now).await
}

/// Takes the event that was counted at `at` out again.
pub(super) async fn give_back(db: &impl ConnectionTrait, key: &str, at: Timestamp) -> Result<(), Unexpected> {
    if swap(db, key, (&write(&[at]), ""), None).await? {
        return Ok(());
    }
    for _ in 0..MOST_ROUNDS {
        let Some(row) = Entity::find_by_id(key).one(db).await? else { return Ok(()) };
        let mut times = read(&row.times);
        let Some(place) = times.iter().position(|time| *time == at) else { return Ok(()) };
        times.remove(place);
        if replace(db, &row, &times, row.expires_at).await? {
            return Ok(());
        }
    }
    Err(too_much_traffic())
}

/// Forgets everything counted in the window. Its row stays until it is pruned: the next event need not make it again.
pub(super) async fn clear(db: &impl ConnectionTrait, key: &str) -> Result<(), DbErr> {
    let forgotten =
        Entity::update_many().col_expr(Column::Times, Expr::value("")).filter(Column::Key.eq(key));
    forgotten.exec(db).await?;
    Ok(())
}

/// Deletes the windows in which nothing counts any more at `now`; tells how many that were.
pub(super) async fn prune(db: &impl ConnectionTrait, now: Timestamp) -> Result<u64, DbErr> {
    Ok(Entity::delete_many().filter(Column::ExpiresAt.lt(now.millis())).exec(db).await?.rows_affected)
}

fn too_much_traffic() -> Unexpected {
    Unexpected(anyhow!("a window was lost {MOST_ROUNDS} times to others"))
}

/// Counts in a window that is there and has nothing in it, without a look at it.
async fn start_over(
    db: &impl ConnectionTrait,
    key: &str,
    quota: Quota,
    now: Timestamp,
) -> Result<bool, DbErr> {
    if quota.count == 0 {
        return Ok(false);
    }
    swap(db, key, ("", &write(&[now])), Some(now.plus(quota.period).millis())).await
}

/// One round on what was read; `None` when the row has changed since.
async fn take_from(
    db: &impl ConnectionTrait,
    key: &str,
    row: Option<&Model>,
    quota: Quota,
    now: Timestamp,
) -> Result<Option<Taken>, DbErr> {
    let mut times = row.map(|row| read(&row.times)).unwrap_or_default();
    let horizon = now.minus(quota.period);
    times.retain(|time| *time > horizon);
    let room = usize::try_from(quota.count).unwrap_or(usize::MAX);
    // As many as it takes for one to fit, should the quota have been lowered since.
    if let Some(blocking) = times.len().checked_sub(room).and_then(|over| times.get(over)) {
        return Ok(Some(Taken::Full { retry_after: blocking.plus(quota.period).since(now) }));
    }
    times.push(now);
    times.sort_unstable();
    let expires_at = times.last().unwrap_or(&now).plus(quota.period).millis();
    let made;
    let row = if let Some(row) = row {
        row
    } else {
        make(db, key, expires_at).await?;
        made = Model { key: key.to_owned(), times: String::new(), expires_at };
        &made
    };
    let counted = replace(db, row, &times, expires_at.max(row.expires_at)).await?;
    Ok(counted.then_some(Taken::Counted))
}

/// Writes `times` if the row still holds what was read.
async fn replace(
    db: &impl ConnectionTrait,
    row: &Model,
    times: &[Timestamp],
    expires_at: i64,
) -> Result<bool, DbErr> {
    swap(db, &row.key, (&row.times, &write(times)), Some(expires_at)).await
}

/// Writes new times over old ones, if those are what the row holds: one guarded statement.
async fn swap(
    db: &impl ConnectionTrait,
    key: &str,
    (old, new): (&str, &str),
    expires_at: Option<i64>,
) -> Result<bool, DbErr> {
    let mut swapped = Entity::update_many()
        .col_expr(Column::Times, Expr::value(new))
        .filter(Column::Key.eq(key))
        .filter(Column::Times.eq(old));
    if let Some(expires_at) = expires_at {
        swapped = swapped.col_expr(Column::ExpiresAt, Expr::value(expires_at));
    }
    Ok(swapped.exec(db).await?.rows_affected == 1)
}

/// Makes an empty window, if there is none. It counts nothing: MariaDB reports a row that was there already as written, so
/// only [`swap`] can tell who was first.
async fn make(db: &impl ConnectionTrait, key: &str, expires_at: i64) -> Result<(), DbErr> {
    let row =
        ActiveModel { key: Set(key.to_owned()), times: Set(String::new()), expires_at: Set(expires_at) };
    // Said to the database, which would give up a whole transaction over the error.
    Entity::insert(row).on_conflict_do_nothing().exec_without_returning(db).await?;
    Ok(())
}

fn read(times: &str) -> Vec<Timestamp> {
    times.split(',').filter_map(|time| time.parse().ok()).map(Timestamp::from_millis).collect()
}

fn write(times: &[Timestamp]) -> String {
    times.iter().map(|time| time.millis().to_string()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::auth::fixture;

    const MINUTE: Duration = Duration::from_mins(1);

    fn rate(count: u32) -> Rate {
        Rate(Some(Quota { count, period: MINUTE }))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[tokio::test]
    async fn a_window_slides() {
        let database = fixture::database().await;
        let db = &database.connection;
        let take = |seconds| take(db, "k", rate(2), at(seconds));

        assert_eq!(take(0).await.unwrap(), Taken::Counted);
        assert_eq!(take(30).await.unwrap(), Taken::Counted);
        assert_eq!(take(40).await.unwrap(), Taken::Full { retry_after: Duration::from_secs(20) });
        assert_eq!(take(60).await.unwrap(), Taken::Counted);
        assert_eq!(take(61).await.unwrap(), Taken::Full { retry_after: Duration::from_secs(29) });
        assert_eq!(take(1_000).await.unwrap(), Taken::Counted);
    }

    #[tokio::test]
    async fn a_lowered_quota_holds_at_once_and_off_counts_nothing() {
        let database = fixture::database().await;
        let db = &database.connection;
        for second in 0..3 {
            take(db, "k", rate(3), at(second)).await.unwrap();
        }

        let full = take(db, "k", rate(1), at(10)).await.unwrap();
        let off = take(db, "other", Rate(None), at(10)).await.unwrap();

        assert_eq!(full, Taken::Full { retry_after: Duration::from_secs(52) });
        assert_eq!(off, Taken::Counted);
        assert!(Entity::find_by_id("other").one(db).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_given_back_can_be_taken_again_once() {
        let database = fixture::database().await;
        let db = &database.connection;
        let held = async || read(&Entity::find_by_id("k").one(db).await.unwrap().unwrap().times);
        for second in 0..3 {
            take(db, "k", rate(3), at(second)).await.unwrap();
        }

        give_back(db, "k", at(1)).await.unwrap();
        give_back(db, "k", at(1)).await.unwrap();
        let two = held().await;
        give_back(db, "k", at(0)).await.unwrap();
        give_back(db, "k", at(5)).await.unwrap();
        let one = held().await;
        give_back(db, "k", at(2)).await.unwrap();
        give_back(db, "k", at(2)).await.unwrap();
        give_back(db, "unknown", at(0)).await.unwrap();

        assert_eq!((two, one, held().await), (vec![at(0), at(2)], vec![at(2)], vec![]));

        assert_eq!(take(db, "k", rate(1), at(1)).await.unwrap(), Taken::Counted);
        assert!(matches!(take(db, "k", rate(1), at(1)).await.unwrap(), Taken::Full { .. }));
        clear(db, "k").await.unwrap();
        assert_eq!(take(db, "k", rate(1), at(1)).await.unwrap(), Taken::Counted);
    }

    #[tokio::test]
    async fn two_that_read_the_same_row_do_not_both_count() {
        let database = fixture::database().await;
        let db = &database.connection;
        let quota = Quota { count: 3, period: MINUTE };
        let missing = take_from(db, "k", None, quota, at(0));
        let missing_too = take_from(db, "k", None, quota, at(0));
        assert_eq!(missing.await.unwrap(), Some(Taken::Counted));
        assert_eq!(missing_too.await.unwrap(), None, "a row that is there already counts nothing");

        let row = Entity::find_by_id("k").one(db).await.unwrap();
        let first = take_from(db, "k", row.as_ref(), quota, at(1)).await.unwrap();
        let second = take_from(db, "k", row.as_ref(), quota, at(1)).await.unwrap();

        assert_eq!(first, Some(Taken::Counted));
        assert_eq!(second, None);
    }

    #[tokio::test]
    async fn a_window_is_started_over_only_when_it_is_empty() {
        let database = fixture::database().await;
        let db = &database.connection;
        let quota = Quota { count: 1, period: MINUTE };
        let none_to_take = Quota { count: 0, period: MINUTE };
        let start_over = async |quota, seconds| start_over(db, "k", quota, at(seconds)).await.unwrap();
        let take_emptied = async |seconds| take_emptied(db, "k", rate(1), at(seconds)).await.unwrap();

        let missing = start_over(quota, 0).await;
        make(db, "k", 0).await.unwrap();
        let without_room = start_over(none_to_take, 1).await;
        let (first, second) = (start_over(quota, 2).await, start_over(quota, 2).await);

        assert_eq!((missing, without_room, first, second), (false, false, true, false));
        let row = Entity::find_by_id("k").one(db).await.unwrap().unwrap();
        assert_eq!((read(&row.times), row.expires_at), (vec![at(2)], at(62).millis()));
        assert_eq!(take_emptied(3).await, Taken::Full { retry_after: Duration::from_secs(59) });
        assert_eq!(take_emptied(62).await, Taken::Counted);
    }

    #[tokio::test]
    async fn of_twenty_at_once_exactly_the_quota_is_counted() {
        let database = fixture::database().await;
        let takers = (0..20).map(|_| {
            let db = database.connection.clone();
            tokio::spawn(async move { take(&db, "k", rate(5), at(0)).await.unwrap() })
        });

        let taken = join_all(takers).await;

        let counted = taken.into_iter().filter(|taken| matches!(taken, Ok(Taken::Counted))).count();
        assert_eq!(counted, 5);
    }

    #[tokio::test]
    async fn pruning_spares_what_still_counts() {
        let database = fixture::database().await;
        let db = &database.connection;
        take(db, "old", rate(1), at(0)).await.unwrap();
        take(db, "new", rate(1), at(100)).await.unwrap();

        let pruned = prune(db, at(100)).await.unwrap();

        assert_eq!(pruned, 1);
        assert!(Entity::find_by_id("old").one(db).await.unwrap().is_none());
        assert!(Entity::find_by_id("new").one(db).await.unwrap().is_some());
    }
}
