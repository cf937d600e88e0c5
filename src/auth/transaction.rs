//! Transactions that write: how they begin, and what is done when two of them got in each other's way.

use anyhow::Context as _;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
};

use super::Unexpected;

/// How often a whole transaction is done before a deadlock counts as a fault.
const MOST_TRIES: u32 = 5;

/// Begins a transaction that will write.
///
/// On `SQLite` it takes the writer's place at once (a transaction that reads first and writes later would fail without
/// waiting); elsewhere a statement sees what others have committed before it.
///
/// It begins in a task of its own: whoever is dropped (a deadline) while the server has `BEGIN` but has not answered
/// would hand an open transaction back to the pool, and what the next ones do over it would not be committed.
pub(super) async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, Unexpected> {
    let isolation_level = match db.get_database_backend() {
        DbBackend::Sqlite => None,
        _ => Some(IsolationLevel::ReadCommitted),
    };
    let options = TransactionOptions {
        isolation_level,
        access_mode: None,
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
    };
    let db = db.clone();
    let begun = tokio::spawn(async move { db.begin_with_options(options).await });
    Ok(begun.await.context("the beginning of a transaction was broken off")??)
}

/// Does `work`, a whole transaction, again when the database has undone it in favour of another one.
pub(super) async fn retried<T, F>(work: impl Fn() -> F) -> Result<T, Unexpected>
where
    F: Future<Output = Result<T, Unexpected>>,
{
    for _ in 1..MOST_TRIES {
        match work().await {
            Err(error) if is_undone_by_the_database(&error) => {}
            settled => return settled,
        }
    }
    work().await
}

/// A deadlock or a failed serialization: SQLSTATE 40001 (`MariaDB`'s error 1213 too) and `PostgreSQL`'s 40P01.
fn is_undone_by_the_database(error: &Unexpected) -> bool {
    error.0.chain().filter_map(|cause| cause.downcast_ref::<DbErr>()).any(|cause| {
        let (DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause))) = cause
        else {
            return false;
        };
        let code = cause.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code);
        matches!(code.as_deref(), Some("40001" | "40P01"))
    })
}

/// Whether a row was not stored because its key is taken.
pub(super) fn is_taken(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use entity::user;
    use sea_orm::sqlx::{
        self,
        error::{DatabaseError, ErrorKind},
    };
    use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, EntityTrait as _, Statement};

    use super::*;
    use crate::auth::fixture;

    #[tokio::test]
    async fn readers_that_will_write_wait_for_each_other() {
        let db = fixture::database().await;
        let read_then_write = || async {
            let tx = begin(&db.connection).await.unwrap();
            user::Entity::find().all(&tx).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            fixture::insert_user(&tx, &format!("{}@example.com", uuid::Uuid::new_v4())).await;
            tx.commit().await.unwrap();
        };

        tokio::join!(read_then_write(), read_then_write());

        assert_eq!(user::Entity::find().all(&db.connection).await.unwrap().len(), 2);
    }

    /// Gives up a beginning at every point where it can wait, over the only connection of a pool.
    async fn no_transaction_is_left_open(server: &str) {
        let connect = async || {
            let mut options = ConnectOptions::new(std::env::var(server).unwrap());
            options.max_connections(1).sqlx_logging(false);
            Database::connect(options).await.unwrap()
        };
        let (db, other) = (connect().await, connect().await);
        let table = format!("twostep_{}", uuid::Uuid::new_v4().simple());
        let run = async |db: &DatabaseConnection, sql: String| db.execute_unprepared(&sql).await.unwrap();
        run(&other, format!("CREATE TABLE {table} (n integer)")).await;

        for polls in 1..20 {
            let mut begun = Box::pin(begin(&db));
            for _ in 0..polls {
                if futures_util::poll!(&mut begun).is_ready() {
                    break;
                }
                std::thread::sleep(Duration::from_micros(200));
                tokio::task::yield_now().await;
            }
            drop(begun);
            run(&db, format!("INSERT INTO {table} VALUES ({polls})")).await;
            let seen = Statement::from_string(
                other.get_database_backend(),
                format!("SELECT n FROM {table} WHERE n = {polls}"),
            );
            assert!(other.query_one_raw(seen).await.unwrap().is_some(), "not committed after {polls} polls");
        }
        run(&other, format!("DROP TABLE {table}")).await;
    }

    #[tokio::test]
    #[cfg_attr(not(test_postgres), ignore = "needs TWOSTEP_TEST_POSTGRES_URL")]
    async fn a_beginning_that_is_given_up_leaves_no_transaction_open_on_postgresql() {
        no_transaction_is_left_open("TWOSTEP_TEST_POSTGRES_URL").await;
    }

    #[tokio::test]
    #[cfg_attr(not(test_mariadb), ignore = "needs TWOSTEP_TEST_MARIADB_URL")]
    async fn a_beginning_that_is_given_up_leaves_no_transaction_open_on_mariadb() {
        no_transaction_is_left_open("TWOSTEP_TEST_MARIADB_URL").await;
    }

    /// A guard that reads in its transaction must see what others have committed before.
    async fn others_commits_are_seen(server: &str) {
        let connect = async || Database::connect(std::env::var(server).unwrap()).await.unwrap();
        let (db, other) = (connect().await, connect().await);
        let table = format!("twostep_{}", uuid::Uuid::new_v4().simple());
        let run = async |sql: String| other.execute_unprepared(&sql).await.unwrap();
        run(format!("CREATE TABLE {table} (n integer)")).await;
        let tx = begin(&db).await.unwrap();
        let rows = async || {
            let select = Statement::from_string(tx.get_database_backend(), format!("SELECT n FROM {table}"));
            tx.query_all_raw(select).await.unwrap().len()
        };

        let before = rows().await;
        run(format!("INSERT INTO {table} VALUES (1)")).await;
        let after = rows().await;
        tx.rollback().await.unwrap();
        run(format!("DROP TABLE {table}")).await;

        assert_eq!((before, after), (0, 1));
    }

    #[tokio::test]
    #[cfg_attr(not(test_postgres), ignore = "needs TWOSTEP_TEST_POSTGRES_URL")]
    async fn a_transaction_on_postgresql_sees_what_others_have_committed() {
        others_commits_are_seen("TWOSTEP_TEST_POSTGRES_URL").await;
    }

    #[tokio::test]
    #[cfg_attr(not(test_mariadb), ignore = "needs TWOSTEP_TEST_MARIADB_URL")]
    async fn a_transaction_on_mariadb_sees_what_others_have_committed() {
        others_commits_are_seen("TWOSTEP_TEST_MARIADB_URL").await;
    }

    /// What a driver says of a deadlock.
    #[derive(Debug, thiserror::Error)]
    #[error("deadlock")]
    struct Deadlock(&'static str);

    impl DatabaseError for Deadlock {
        fn message(&self) -> &'static str {
            "deadlock"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[tokio::test]
    async fn a_transaction_that_the_database_undid_is_done_again() {
        for code in ["40001", "40P01"] {
            let tries = AtomicU32::new(0);
            let undone = || {
                let cause = sqlx::Error::Database(Box::new(Deadlock(code)));
                Unexpected::from(DbErr::Exec(RuntimeErr::SqlxError(cause.into())))
            };

            let done = retried(|| async {
                if tries.fetch_add(1, Ordering::SeqCst) < 2 { Err(undone()) } else { Ok(()) }
            })
            .await;
            let never: Result<(), _> = retried(|| async {
                tries.fetch_add(1, Ordering::SeqCst);
                Err(undone())
            })
            .await;

            assert!(done.is_ok() && never.is_err(), "{code}");
            assert_eq!(tries.load(Ordering::SeqCst), 3 + MOST_TRIES, "{code}");
        }
    }

    #[tokio::test]
    async fn only_what_the_database_undid_is_done_again() {
        let tries = AtomicU32::new(0);

        let failed: Result<(), _> = retried(|| async {
            tries.fetch_add(1, Ordering::SeqCst);
            Err(Unexpected::from(DbErr::Custom("gone".to_owned())))
        })
        .await;

        assert!(failed.is_err());
        assert_eq!(tries.load(Ordering::SeqCst), 1);
    }
}
