//! The statements of the dispatcher over `messages`. Each guard is one guarded statement, so it holds across instances.

use std::collections::HashMap;
use std::time::Duration;

use entity::message::{ActiveModel, Column, Entity};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};
use uuid::Uuid;

use super::gateway::Delivery;
use super::message::{Carrier, Priority};
use super::sealed;
use crate::clock::{Clock, Timestamp};
use crate::metrics::Metrics;
use crate::vault::Vault;

/// How many rows one look takes in: far more than can be started at once, so that one recipient's rows do not hide all others.
const SEEN_AT_ONCE: u64 = 500;

/// How `messages.failure` begins when nobody knows whether a hand-over got through. It stays so until the message is finished.
pub(super) const DOUBT: &str = "unknown_";

/// The queue as the dispatcher sees it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Store {
    pub(super) db: DatabaseConnection,
    pub(super) vault: Vault,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
}

/// What one look at a carrier's rows found.
pub(super) struct Survey {
    /// Due rows in the order in which they are to be carried.
    pub(super) due: Vec<Due>,
    /// When the next of the others is due, if that is soon.
    pub(super) next: Option<Timestamp>,
    /// Whether some have passed their expiry.
    pub(super) overdue: bool,
    /// Whether there were more rows than one look takes in.
    pub(super) truncated: bool,
}

/// A row that may be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) id: Uuid,
    pub(super) priority: Priority,
    /// Somebody had it and never wrote down how that ended.
    pub(super) abandoned: bool,
}

/// The right to carry one row until an instant. Two holders never have the same instant: a later one starts after it has passed.
pub(super) struct Lease {
    pub(super) id: Uuid,
    pub(super) until: Timestamp,
}

/// A claimed row, opened.
pub(super) struct Parcel {
    pub(super) delivery: Delivery,
    /// How often it was claimed, this time included.
    pub(super) attempts: i32,
    /// Whether an earlier hand-over may have got through.
    pub(super) doubted: bool,
}

/// How a hand-over ended, and what the row becomes.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The gateway has it: `sent`.
    Sent,
    /// The gateway will never take it: `failed`.
    Refused(String),
    /// To be tried again after the pause.
    Deferred(String, Duration),
    /// As [`Outcome::Deferred`], though it may have got through.
    Doubted(String, Duration),
    /// Its expiry came first: `expired`.
    Expired,
    /// It was not tried, because the lease would not have lasted.
    PutBack,
}

impl Outcome {
    /// How it is counted.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused(_) => "refused",
            Self::Deferred(..) => "deferred",
            Self::Doubted(..) => "doubted",
            Self::Expired => "expired",
            Self::PutBack => "put_back",
        }
    }
}

type Row = (Uuid, i32, String, i64, Option<i64>, i64);

impl Store {
    /// Looks for the rows of `carrier` that are due, or will be within `horizon`.
    pub(super) async fn survey(&self, carrier: &Carrier, horizon: Duration) -> Result<Survey, DbErr> {
        let now = self.clock.now();
        let rows: Vec<Row> = Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::Priority,
                Column::Recipient,
                Column::NextAttemptAt,
                Column::LeaseUntil,
                Column::ExpiresAt,
            ])
            .filter(Column::Carrier.eq(carrier.column()))
            .filter(Column::Status.eq("queued"))
            .filter(Column::NextAttemptAt.lte(now.plus(horizon).millis()))
            .order_by_asc(Column::Priority)
            .order_by_asc(Column::NextAttemptAt)
            .limit(SEEN_AT_ONCE)
            .into_tuple()
            .all(&self.db)
            .await?;
        Ok(sort(&rows, now))
    }

    /// Whether no row of `carrier` is still to be carried.
    pub(super) async fn holds_nothing_of(&self, carrier: &Carrier) -> Result<bool, DbErr> {
        let queued = Entity::find()
            .filter(Column::Carrier.eq(carrier.column()))
            .filter(Column::Status.eq("queued"))
            .count(&self.db)
            .await?;
        Ok(queued == 0)
    }

    /// Claims the row `id` for `span`, if it is still to be carried and nobody has it.
    pub(super) async fn claim(&self, id: Uuid, span: Duration) -> Result<Option<Lease>, DbErr> {
        let now = self.clock.now();
        let until = now.plus(span);
        let claimed = Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::value(until.millis()))
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .filter(Column::Id.eq(id))
            .filter(Column::Status.eq("queued"))
            .filter(Column::NextAttemptAt.lte(now.millis()))
            .filter(unleased(now))
            .exec(&self.db)
            .await?;
        Ok((claimed.rows_affected == 1).then_some(Lease { id, until }))
    }

    /// Opens a claimed row; `None` when its body cannot be opened.
    pub(super) async fn open(&self, lease: &Lease) -> Result<Option<Parcel>, DbErr> {
        let Some(row) = Entity::find_by_id(lease.id).one(&self.db).await? else { return Ok(None) };
        let Some(body) = row.body.and_then(|body| sealed::open(&self.vault, row.id, &body)) else {
            return Ok(None);
        };
        let queued_at = Timestamp::from_millis(row.created_at);
        let expires_at = Timestamp::from_millis(row.expires_at);
        let delivery = Delivery {
            id: row.id,
            queued_at,
            expires_at,
            to: body.to,
            content: body.content,
            code: body.code,
        };
        let doubted = row.failure.is_some_and(|failure| failure.starts_with(DOUBT));
        Ok(Some(Parcel { delivery, attempts: row.attempts, doubted }))
    }

    /// Writes down how it ended; `false` when the lease had passed and another process has the row.
    pub(super) async fn settle(&self, lease: &Lease, outcome: &Outcome) -> Result<bool, DbErr> {
        let now = self.clock.now();
        let unleased = ActiveModel { lease_until: Set(None), ..Default::default() };
        let row = match outcome {
            Outcome::Sent => finished("sent", now, None),
            Outcome::Refused(code) => finished("failed", now, Some(code)),
            Outcome::Expired => finished("expired", now, None),
            Outcome::Deferred(code, pause) | Outcome::Doubted(code, pause) => ActiveModel {
                next_attempt_at: Set(now.plus(*pause).millis()),
                failure: Set(Some(stable(code))),
                ..unleased
            },
            Outcome::PutBack => unleased,
        };
        let settled = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(lease.id))
            .filter(Column::Status.eq("queued"))
            .filter(Column::LeaseUntil.eq(lease.until.millis()))
            .exec(&self.db)
            .await?;
        Ok(settled.rows_affected == 1)
    }

    /// Ends every queued row, of any carrier, whose expiry has passed and that nobody is carrying; tells how many.
    pub(super) async fn expire_overdue(&self) -> Result<u64, DbErr> {
        let now = self.clock.now();
        let row = ActiveModel { failure: sea_orm::NotSet, ..finished("expired", now, None) };
        let expired = Entity::update_many()
            .set(row)
            .filter(Column::Status.eq("queued"))
            .filter(Column::ExpiresAt.lte(now.millis()))
            .filter(unleased(now))
            .exec(&self.db)
            .await?;
        Ok(expired.rows_affected)
    }

    /// Removes the rows that were finished `age` ago or earlier.
    pub(super) async fn remove_finished(&self, age: Duration) -> Result<u64, DbErr> {
        let before = self.clock.now().minus(age).millis();
        let removed = Entity::delete_many().filter(Column::FinishedAt.lte(before)).exec(&self.db).await?;
        Ok(removed.rows_affected)
    }
}

fn unleased(now: Timestamp) -> Condition {
    Condition::any().add(Column::LeaseUntil.is_null()).add(Column::LeaseUntil.lte(now.millis()))
}

fn finished(status: &str, now: Timestamp, failure: Option<&str>) -> ActiveModel {
    ActiveModel {
        status: Set(status.to_owned()),
        body: Set(None),
        lease_until: Set(None),
        finished_at: Set(Some(now.millis())),
        failure: Set(failure.map(stable)),
        ..Default::default()
    }
}

/// A gateway's code, made to fit its column whatever a gateway says.
pub(super) fn stable(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect()
}

/// Codes before notices; then everybody's first message before anybody's second.
fn sort(rows: &[Row], now: Timestamp) -> Survey {
    let mut turns: HashMap<(i32, &str), usize> = HashMap::new();
    let mut due = Vec::new();
    let mut next = None;
    let mut overdue = false;
    for (id, priority, recipient, next_attempt_at, lease_until, expires_at) in rows {
        let turn = turns.entry((*priority, recipient)).or_default();
        *turn += 1;
        let ready = Timestamp::from_millis(Ord::max(*next_attempt_at, lease_until.unwrap_or(i64::MIN)));
        if ready > now {
            next = Some(next.map_or(ready, |next: Timestamp| next.min(ready)));
        } else if *expires_at <= now.millis() {
            overdue = true;
        } else {
            let priority = Priority::from_column(*priority);
            due.push((priority.column(), *turn, Due { id: *id, priority, abandoned: lease_until.is_some() }));
        }
    }
    // The sort is stable: within one turn the longest due comes first.
    due.sort_by_key(|(priority, turn, _)| (*priority, *turn));
    let due = due.into_iter().map(|(_, _, row)| row).collect();
    Survey { due, next, overdue, truncated: rows.len() as u64 >= SEEN_AT_ONCE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u128, priority: i32, recipient: &str, at: i64) -> Row {
        (Uuid::from_u128(n), priority, recipient.to_owned(), at, None, 10_000)
    }

    fn order(rows: &[Row]) -> Vec<u128> {
        sort(rows, Timestamp::from_millis(1_000)).due.iter().map(|due| due.id.as_u128()).collect()
    }

    #[test]
    fn nobody_waits_for_the_second_message_of_another() {
        let rows = [row(1, 0, "a", 1), row(2, 0, "a", 2), row(3, 0, "a", 3), row(4, 0, "b", 4)];

        assert_eq!(order(&rows), [1, 4, 2, 3]);
    }

    #[test]
    fn codes_come_before_notices() {
        let rows = [row(1, 0, "a", 5), row(2, 0, "a", 6), row(3, 1, "b", 1)];

        assert_eq!(order(&rows), [1, 2, 3]);
    }

    #[test]
    fn leased_expired_and_later_rows_are_not_due() {
        let mut leased = row(1, 0, "a", 1);
        leased.4 = Some(1_500);
        let mut expired = row(2, 0, "b", 1);
        expired.5 = 1_000;
        let later = row(3, 0, "c", 1_200);
        let mut lease_passed = row(4, 0, "d", 1);
        lease_passed.4 = Some(1_000);

        let survey = sort(&[leased, expired, later, lease_passed], Timestamp::from_millis(1_000));

        assert_eq!(survey.due, [Due { id: Uuid::from_u128(4), priority: Priority::Code, abandoned: true }]);
        assert_eq!(survey.next, Some(Timestamp::from_millis(1_200)));
        assert!(survey.overdue);
        assert!(!survey.truncated);
    }

    #[test]
    fn a_code_of_any_gateway_fits_its_column() {
        assert_eq!(stable("smtp_550"), "smtp_550");
        assert_eq!(stable("550 5.1.1 <a@example.com>\r\n"), "550511aexamplecom");
        assert_eq!(stable(&"x".repeat(99)).len(), 64);
    }
}
