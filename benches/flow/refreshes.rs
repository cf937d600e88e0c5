//! Refreshes, and what they are compared with: a bare transaction of the same writes.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait as _, Value,
};
use tempfile::TempDir;

use crate::http::Connection;
use crate::load::{Rate, Way};
use crate::server::{PASSWORD, address};

/// Signs in at the full API: the first refresh token of a session.
pub(crate) async fn session(connection: &mut Connection, way: &Way, user: usize) -> Option<String> {
    let code = way.expect(user);
    let body = format!(r#"{{"email":"{}","password":"{PASSWORD}"}}"#, address(user));
    let challenge = connection.post("/api/v1/logins", &body).await.ok()?.text("id")?;
    let code = tokio::time::timeout(Duration::from_secs(30), code).await.ok()?.ok()?;
    let body = format!(r#"{{"code":"{code}"}}"#);
    connection.post(&format!("/api/v1/challenges/{challenge}/verify"), &body).await.ok()?.text("refreshToken")
}

/// A client for each session refreshes it without pause for `span`.
pub(crate) async fn refreshes(socket: &str, sessions: &mut [String], span: Duration) -> Rate {
    let (done, failed) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let start = Instant::now();
    let end = start + span;
    let tasks: Vec<_> = sessions
        .iter()
        .map(|token| {
            let (socket, mut token) = (socket.to_owned(), token.clone());
            let (done, failed) = (done.clone(), failed.clone());
            tokio::task::spawn_local(async move {
                let mut connection = Connection::open(&socket).await.unwrap();
                while Instant::now() < end {
                    let body = format!(r#"{{"refreshToken":"{token}"}}"#);
                    let answer = connection.post("/api/v1/tokens/refresh", &body).await;
                    if let Some(next) = answer.ok().and_then(|answer| answer.text("refreshToken")) {
                        token = next;
                        done.set(done.get() + 1);
                    } else {
                        failed.set(failed.get() + 1);
                    }
                }
                token
            })
        })
        .collect();
    for (session, task) in sessions.iter_mut().zip(tasks) {
        *session = task.await.unwrap();
    }
    Rate { done: done.get(), failed: failed.get(), seconds: start.elapsed().as_secs_f64(), all: done.get() }
}

/// A database of its own, opened as the server opens its.
pub(crate) struct BareDatabase {
    db: DatabaseConnection,
    _folder: TempDir,
}

impl BareDatabase {
    pub(crate) async fn create(sessions: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = ConnectOptions::new(format!("sqlite://{}/bare.db", folder.path().display()));
        options.max_connections(1).test_before_acquire(false).sqlx_logging(false).map_sqlx_sqlite_opts(
            |sqlite| {
                sqlite
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
            },
        );
        let db = Database::connect(options).await.unwrap();
        for sql in [
            "CREATE TABLE sessions (id integer PRIMARY KEY, last_used_at bigint)",
            "CREATE TABLE refresh_tokens (digest text PRIMARY KEY, session_id integer, expires_at bigint, used_at bigint)",
        ] {
            db.execute_unprepared(sql).await.unwrap();
        }
        for session in 0..sessions {
            let insert = format!("INSERT INTO sessions VALUES ({session}, 0)");
            db.execute_unprepared(&insert).await.unwrap();
        }
        Self { db, _folder: folder }
    }

    /// One session touched, one token used up, one stored: as many at once as there are `sessions`.
    pub(crate) async fn exchanges(&self, sessions: usize, span: Duration) -> f64 {
        let done = Rc::new(Cell::new(0_u32));
        let start = Instant::now();
        let tasks: Vec<_> = (0..sessions)
            .map(|session| {
                let (db, done) = (self.db.clone(), done.clone());
                tokio::task::spawn_local(async move {
                    let session = i64::try_from(session).unwrap();
                    let mut token = twostep::vault::random_token::<32>();
                    while start.elapsed() < span {
                        let next = twostep::vault::random_token::<32>();
                        exchange(&db, session, &token, &next).await;
                        token = next;
                        done.set(done.get() + 1);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        f64::from(done.get()) / start.elapsed().as_secs_f64()
    }
}

async fn exchange(db: &DatabaseConnection, session: i64, token: &str, next: &str) {
    let immediate = TransactionOptions {
        isolation_level: None,
        access_mode: None,
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
    };
    let tx = db.begin_with_options(immediate).await.unwrap();
    let statements: [(&str, Vec<Value>); 3] = [
        ("UPDATE sessions SET last_used_at = 1 WHERE id = ?", vec![session.into()]),
        ("UPDATE refresh_tokens SET used_at = 1 WHERE digest = ? AND used_at IS NULL", vec![token.into()]),
        ("INSERT INTO refresh_tokens VALUES (?, ?, 2, NULL)", vec![next.into(), session.into()]),
    ];
    for (sql, values) in statements {
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await.unwrap();
    }
    tx.commit().await.unwrap();
}
