//! The database as it stands: nothing is made, migrated or left behind.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use entity::{event, window};
use migration::{Migrator, MigratorTrait as _};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend,
    DbErr, EntityTrait as _, ExprTrait as _, QuerySelect as _, RuntimeErr, Set, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait as _, sqlx,
};
use secrecy::ExposeSecret as _;
use url::Url;
use uuid::Uuid;

use super::super::database::{sqlite_file, without_url};
use super::{Evidence, Outcome};
use crate::clock::{Clock, Timestamp};
use crate::courier::{Cause, Checked, reach};
use crate::settings::DatabaseSettings;

const PATIENCE: Duration = Duration::from_secs(5);
const MIB: u64 = 1 << 20;
/// Result codes of SQLite.
const SQLITE_BUSY: &str = "5";
const SQLITE_FULL: &str = "13";
/// A database that cannot grow refuses everything.
const FULL: u64 = 16 * MIB;
const NEARLY_FULL: u64 = 256 * MIB;

pub(super) async fn check(settings: &DatabaseSettings, clock: &Clock) -> Outcome {
    let url = settings.url.expose_secret();
    let place = place(url);
    if sqlite_file(url).is_some_and(|file| !file.exists()) {
        let told = "there is no such file yet: the next start makes it, and so does `twostep migrate`";
        return Checked::Doubtful(format!("{place}: {told}")).into();
    }
    let db = match connect(url).await {
        Ok(db) => db,
        Err(fault) => return Checked::Broken(format!("{place}: {fault}")).into(),
    };
    let mut evidence = Vec::new();
    let checked = match look(&db, clock, &mut evidence).await {
        Ok((version, State::Unmigrated(told))) => Checked::Doubtful(format!("{version} at {place}: {told}")),
        Ok((version, State::Sound)) => {
            let count = Migrator::migrations().len();
            let sound = format!(
                "{version} at {place}: all {count} migrations are applied, a row could be written (and was taken back)"
            );
            match sqlite_file(url) {
                Some(file) => judge_file(&sound, &file),
                None => Checked::Sound(sound),
            }
        }
        Ok((version, State::Newer(fault))) => Checked::Broken(format!("{version} at {place}: {fault}")),
        Err(error) => Checked::Broken(format!("{place}: {}", advice(&error, url))),
    };
    // The answer is known.
    let _ = db.close().await;
    Outcome(checked, evidence)
}

/// Where it is, without user, password and options.
fn place(url: &str) -> String {
    if let Some(file) = sqlite_file(url) {
        return file.display().to_string();
    }
    let Ok(url) = Url::parse(url) else { return "database.url".to_owned() };
    let host = url.host_str().filter(|_| !is_on_this_machine(&url)).unwrap_or("a socket of this machine");
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{host}{port}{}", url.path())
}

/// How the tables stand.
enum State {
    Sound,
    /// Some migrations are missing, which the next start applies.
    Unmigrated(String),
    /// Another program has been here that knows more migrations.
    Newer(String),
}

/// Connects to what is there; sets nothing in a file.
async fn connect(url: &str) -> Result<DatabaseConnection, String> {
    if let Some(server) = server(url) {
        // The pool would take somebody who refuses for somebody who is starting, and wait.
        reach(&server, PATIENCE).await?;
    }
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(PATIENCE));
    Database::connect(options).await.map_err(|error| advice(&error, url))
}

/// Where the server is that `url` names, unless that is a socket of this machine.
fn server(url: &str) -> Option<Url> {
    let mut url = Url::parse(url).ok()?;
    let port = match url.scheme() {
        "postgres" | "postgresql" => 5432,
        "mysql" => 3306,
        _ => return None,
    };
    let is_elsewhere =
        url.query_pairs().any(|(key, _)| matches!(&*key, "host" | "hostaddr" | "port" | "socket"));
    if is_elsewhere || is_on_this_machine(&url) {
        return None;
    }
    url.set_port(url.port().or(Some(port))).ok()?;
    Some(url)
}

/// Whether the host is none, or the folder of a socket: `postgres://jane@%2Frun%2Fpostgresql/x`.
fn is_on_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    host.is_empty() || host.starts_with("%2f")
}

/// Version, and whether the server can work with it.
async fn look(
    db: &DatabaseConnection,
    clock: &Clock,
    evidence: &mut Vec<Evidence>,
) -> Result<(String, State), DbErr> {
    let version = version(db).await?;
    evidence.extend(time(db, clock).await?);
    let pending = match Migrator::get_pending_migrations_read_only(db).await {
        Ok(pending) => pending,
        Err(DbErr::Custom(fault)) => {
            let fault = fault.replace('\n', "; ");
            let told = format!("it was migrated by a newer twostep: install that one ({fault})");
            return Ok((version, State::Newer(told)));
        }
        Err(error) => return Err(error),
    };
    if let Some(first) = pending.first() {
        let (count, all) = (pending.len(), Migrator::migrations().len());
        let told = format!(
            "{count} of {all} migrations are missing, from {} on: the next start applies them, and so does `twostep migrate`",
            first.name()
        );
        return Ok((version, State::Unmigrated(told)));
    }
    let newest: Option<Option<i64>> = event::Entity::find()
        .select_only()
        .expr(Expr::col(event::Column::At).max())
        .into_tuple()
        .one(db)
        .await?;
    let newest = newest.flatten().map(Timestamp::from_millis);
    evidence.extend(newest.map(|at| Evidence::past("the newest event in the database", at, clock.now())));
    write(db).await?;
    Ok((version, State::Sound))
}

async fn version(db: &DatabaseConnection) -> Result<String, DbErr> {
    let (name, sql) = match db.get_database_backend() {
        DbBackend::Sqlite => ("SQLite", "SELECT sqlite_version()"),
        DbBackend::Postgres => ("PostgreSQL", "SELECT current_setting('server_version')"),
        _ => ("MariaDB or MySQL", "SELECT VERSION()"),
    };
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let version: String = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or_default();
    Ok(format!("{name} {version}"))
}

/// The clock of the engines that are servers.
async fn time(db: &DatabaseConnection, clock: &Clock) -> Result<Option<Evidence>, DbErr> {
    let sql = match db.get_database_backend() {
        DbBackend::Sqlite => return Ok(None),
        DbBackend::Postgres => "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
        _ => "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    };
    let before = clock.now();
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    let ours = before.plus(clock.now().since(before) / 2);
    let theirs: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(theirs.map(|theirs| Evidence::clock("the database's clock".to_owned(), theirs - ours.millis())))
}

/// Writes a row, in a transaction that is taken back.
async fn write(db: &DatabaseConnection) -> Result<(), DbErr> {
    let immediate = TransactionOptions {
        isolation_level: None,
        access_mode: None,
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
    };
    let tx = db.begin_with_options(immediate).await?;
    let row = window::ActiveModel {
        key: Set(format!("doctor:{}", Uuid::new_v4())),
        times: Set(String::new()),
        expires_at: Set(0),
    };
    row.insert(&tx).await?;
    tx.rollback().await
}

fn judge_file(sound: &str, file: &Path) -> Checked {
    let mode = std::fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    let free = rustix::fs::statvfs(file).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    judge(&format!("{sound}; file mode {mode:o}, {} MiB free", free / MIB), mode, free)
}

fn judge(told: &str, mode: u32, free: u64) -> Checked {
    if free < FULL {
        return Checked::Broken(format!("{told}: the disk is full, make room"));
    }
    if mode & 0o077 != 0 {
        return Checked::Doubtful(format!("{told}: others on this machine can open it, chmod 600"));
    }
    if free < NEARLY_FULL {
        return Checked::Doubtful(format!("{told}: the disk is nearly full, make room"));
    }
    Checked::Sound(told.to_owned())
}

/// What went wrong, and what to do about it. What a driver says may repeat the URL.
fn advice(error: &DbErr, url: &str) -> String {
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return without_url(&error.to_string(), url);
    };
    match &**inner {
        sqlx::Error::Database(fault) if sqlite_file(url).is_some() => {
            match &*fault.code().unwrap_or_default() {
                SQLITE_BUSY => format!("{}: another program keeps it locked, end that one", fault.message()),
                SQLITE_FULL => format!("{}: make room", fault.message()),
                _ => format!(
                    "{}: may this user read and write the file and its folder, and is it a database?",
                    fault.message()
                ),
            }
        }
        sqlx::Error::Database(fault) => {
            format!(
                "it says {:?}: check user, password and name in database.url, and what the user may do",
                fault.message()
            )
        }
        sqlx::Error::PoolTimedOut => {
            format!(
                "it gave no connection within {} s: it is starting, or all its connections are taken",
                PATIENCE.as_secs()
            )
        }
        other => match Cause::of(other) {
            Some(cause) => cause.advice("database.url"),
            None => without_url(&other.to_string(), url),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_no_secret() {
        for (url, told) in [
            ("postgres://jane:sesame@db.example.com:6543/x?sslpassword=sesame", "db.example.com:6543/x"),
            ("mysql://jane:sesame@db/x", "db/x"),
            ("postgres:///x?host=/run/sesame", "a socket of this machine/x"),
            ("postgres://u@%2frun/x", "a socket of this machine/x"),
            ("sqlite://data/twostep.db?mode=rwc", "data/twostep.db"),
        ] {
            assert_eq!(place(url), told);
        }
    }

    #[test]
    fn only_a_server_on_the_network_is_knocked_at() {
        let port = |url| server(url).map(|url| url.port().unwrap());

        assert_eq!(port("postgres://u:p@db/x"), Some(5432));
        assert_eq!(port("mysql://u:p@db/x"), Some(3306));
        assert_eq!(port("mysql://u:p@db:1/x"), Some(1));
        for socket in [
            "postgres:///x?host=/run",
            "postgres://u@%2Frun%2Fpostgresql/x",
            "mysql://u@localhost/x?socket=/run/s",
            "sqlite://x.db",
        ] {
            assert_eq!(port(socket), None, "{socket}");
        }
    }

    #[test]
    fn a_file_that_others_open_or_that_cannot_grow_is_told() {
        assert!(matches!(judge("", 0o600, NEARLY_FULL), Checked::Sound(_)));
        assert!(
            matches!(judge("", 0o640, NEARLY_FULL), Checked::Doubtful(told) if told.contains("chmod 600"))
        );
        assert!(
            matches!(judge("", 0o600, NEARLY_FULL - 1), Checked::Doubtful(told) if told.contains("room"))
        );
        assert!(matches!(judge("", 0o600, FULL - 1), Checked::Broken(told) if told.contains("room")));
    }
}
