//! The database: how each engine is connected to, and migrations under a lock.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use migration::{Migrator, MigratorTrait as _};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection, DbBackend, QueryResult, Statement,
    TransactionTrait as _,
};
use secrecy::ExposeSecret as _;

use crate::settings::DatabaseSettings;

/// SQLite has one writer. Behind one connection those who wait stand in line; several would poll its lock, pausing longer and
/// longer, and lengthen the tail.
const SQLITE_CONNECTIONS: u32 = 1;
const SERVER_CONNECTIONS: u32 = 16;
/// Below every sensible request deadline, so that a full pool is an answer and not a hang.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const JOURNAL_SIZE_LIMIT: &str = "67108864";
/// How long a start waits for another one that is migrating.
const LOCK_SECONDS: u32 = 60;

/// What `twostep migrate` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migration {
    /// Applies what is missing.
    Up,
    /// Takes the last one back.
    Down,
    /// Changes nothing.
    Status,
}

/// The database of the settings, connected and not migrated.
///
/// # Errors
/// When it cannot be reached.
pub async fn connect(settings: &DatabaseSettings) -> anyhow::Result<DatabaseConnection> {
    let is_sqlite = settings.url.expose_secret().starts_with("sqlite:");
    let most = match settings.max_connections {
        0 if is_sqlite => SQLITE_CONNECTIONS,
        0 => SERVER_CONNECTIONS,
        chosen => chosen,
    };
    open(settings, most).await
}

async fn open(settings: &DatabaseSettings, most: u32) -> anyhow::Result<DatabaseConnection> {
    let url = settings.url.expose_secret();
    make_file(url)?;
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(most)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        // A file does not hang up: asking first would double the way of every statement to the connection's thread and back.
        .test_before_acquire(!url.starts_with("sqlite:"))
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY_TIMEOUT)
                .pragma("journal_size_limit", JOURNAL_SIZE_LIMIT)
        });
    // The error of a driver may repeat the URL, and with it a password.
    match Database::connect(options).await {
        Ok(db) => Ok(db),
        Err(error) => bail!("cannot connect to the database: {}", without_url(&error.to_string(), url)),
    }
}

/// `text` without `url`, and with it a password.
pub(super) fn without_url(text: &str, url: &str) -> String {
    text.replace(url, "[database.url]")
}

/// The file of a URL of SQLite.
pub(super) fn sqlite_file(url: &str) -> Option<PathBuf> {
    let (path, query) = url.strip_prefix("sqlite:")?.split_once('?').unwrap_or((url, ""));
    let is_in_memory = path.ends_with(":memory:") || query.split('&').any(|pair| pair == "mode=memory");
    let options: SqliteConnectOptions = url.parse().ok()?;
    Some(options.get_filename().to_owned()).filter(|file| !is_in_memory && !file.as_os_str().is_empty())
}

/// Makes the file of SQLite where there is none, for its owner alone: it holds what passwords are checked by. SQLite gives the mode of
/// the file to those that it keeps beside it.
fn make_file(url: &str) -> anyhow::Result<()> {
    // One that is there is not even opened: to close it would take SQLite's locks away.
    let Some(file) = sqlite_file(url).filter(|file| !file.exists()) else { return Ok(()) };
    make_folder(&file)?;
    let made = File::options().create(true).truncate(false).write(true).mode(0o600).open(&file);
    made.map(drop).with_context(|| format!("cannot make the database {}", file.display()))
}

fn make_folder(file: &Path) -> anyhow::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {} of the database", folder.display())),
        Some(_) | None => Ok(()),
    }
}

/// Migrates under a lock, so that two starts at once migrate once; tells every migration's name and whether it is
/// applied afterwards.
///
/// # Errors
/// When the database refuses.
pub async fn migrate(settings: &DatabaseSettings, what: Migration) -> anyhow::Result<Vec<(String, bool)>> {
    let url = settings.url.expose_secret();
    if what == Migration::Status && sqlite_file(url).is_some_and(|file| !file.exists()) {
        return Ok(stand(|_| false));
    }
    // Before anybody opens it: of two that switch a new file of SQLite to its write-ahead log, one is refused without waiting.
    let file_lock = lock_file(url).await?;
    // One connection: the lock of PostgreSQL and MariaDB belongs to it.
    let db = open(settings, 1).await?;
    lock(&db).await?;
    // All or nothing, but on MariaDB, which commits each change of the schema at once.
    let tx = db.begin().await.context("cannot migrate the database")?;
    match what {
        Migration::Up => Migrator::up(&tx, None).await.context("cannot migrate the database")?,
        Migration::Down => Migrator::down(&tx, Some(1)).await.context("cannot take a migration back")?,
        Migration::Status => {}
    }
    tx.commit().await.context("cannot migrate the database")?;
    let pending =
        Migrator::get_pending_migrations_read_only(&db).await.context("cannot read the migrations")?;
    let pending: Vec<_> = pending.iter().map(|migration| migration.name().to_owned()).collect();
    unlock(&db).await?;
    db.close().await.context("cannot close the database")?;
    drop(file_lock);
    Ok(stand(|name| !pending.contains(name)))
}

fn stand(is_applied: impl Fn(&String) -> bool) -> Vec<(String, bool)> {
    let names = Migrator::migrations().into_iter().map(|migration| migration.name().to_owned());
    names.map(|name| (name.clone(), is_applied(&name))).collect()
}

/// The lock of the engines that are servers.
async fn lock(db: &DatabaseConnection) -> anyhow::Result<()> {
    match db.get_database_backend() {
        DbBackend::Sqlite => Ok(()),
        DbBackend::Postgres => run(db, "SELECT pg_advisory_lock(8317220)").await.map(drop),
        _ => lock_by_name(db, LOCK_SECONDS).await,
    }
}

/// MariaDB's lock, waited for `seconds`.
async fn lock_by_name(db: &DatabaseConnection, seconds: u32) -> anyhow::Result<()> {
    // 0: somebody else has held it all the time.
    let sql = format!("SELECT GET_LOCK('twostep_migrate', {seconds})");
    let taken = run(db, &sql).await?.and_then(|row| row.try_get_by_index::<Option<i64>>(0).ok()?);
    if taken != Some(1) {
        bail!("another start has been migrating the database for {seconds} s");
    }
    Ok(())
}

/// SQLite's lock, a file beside the database.
async fn lock_file(url: &str) -> anyhow::Result<Option<File>> {
    let Some(file) = sqlite_file(url) else { return Ok(None) };
    make_folder(&file)?;
    let mut path = file.into_os_string();
    path.push(".lock");
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(Some(file))
    });
    locked.await.context("the lock was not waited for")?.context("cannot lock the database for its migration")
}

async fn unlock(db: &DatabaseConnection) -> anyhow::Result<()> {
    match db.get_database_backend() {
        DbBackend::Sqlite => Ok(()),
        DbBackend::Postgres => run(db, "SELECT pg_advisory_unlock(8317220)").await.map(drop),
        _ => run(db, "SELECT RELEASE_LOCK('twostep_migrate')").await.map(drop),
    }
}

async fn run(db: &DatabaseConnection, sql: &str) -> anyhow::Result<Option<QueryResult>> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_one_raw(statement).await.context("cannot lock the database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_to_sqlite_is_durable_and_minds_foreign_keys() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/new/twostep.db", folder.path().display());
        let db = connect(&DatabaseSettings { url: url.into(), max_connections: 0 }).await.unwrap();
        let mut held = Vec::new();

        for _ in 0..SQLITE_CONNECTIONS {
            let connection = db.begin().await.unwrap();
            for (pragma, expected) in [("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5_000)] {
                let asked = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {pragma}"));
                let row = connection.query_one_raw(asked).await.unwrap().unwrap();
                assert_eq!(row.try_get_by_index::<i32>(0).unwrap(), expected, "{pragma}");
            }
            let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA journal_mode");
            let row = connection.query_one_raw(asked).await.unwrap().unwrap();
            assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "wal");
            held.push(connection);
        }
    }

    /// Without that a statement with `LIMIT ?` is planned anew at each execution.
    #[tokio::test]
    async fn what_is_bound_changes_no_plan_of_sqlite() {
        let db = Database::connect("sqlite::memory:").await.unwrap();

        let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA compile_options");
        let options = db.query_all_raw(asked).await.unwrap();
        let names = options.iter().map(|row| row.try_get_by_index::<String>(0).unwrap());

        assert!(names.into_iter().any(|name| name == "ENABLE_QPSG"), "as .cargo/config.toml has it");
    }

    #[tokio::test]
    async fn a_new_file_of_sqlite_is_its_owners_alone_and_an_old_one_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        let old = File::create(folder.path().join("old.db")).unwrap();
        old.set_permissions(std::fs::Permissions::from_mode(0o640)).unwrap();
        drop(old);

        for (name, file, expected) in
            [("old.db", "old.db", 0o640), ("deep/a%20b.db?mode=rwc", "deep/a b.db", 0o600)]
        {
            let url = format!("sqlite://{}/{name}", folder.path().display());
            let db = connect(&DatabaseSettings { url: url.into(), max_connections: 0 }).await.unwrap();
            db.execute_unprepared("CREATE TABLE t (n integer)").await.unwrap();

            for ending in ["", "-wal", "-shm"] {
                assert_eq!(mode(&format!("{file}{ending}")) & 0o777, expected, "{file}{ending}");
            }
        }
        assert_eq!(std::fs::read_dir(folder.path().join("deep")).unwrap().count(), 3);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn who_connects_leaves_the_locks_of_the_others() {
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("twostep.db");
        let url = format!("sqlite://{}", path.display());
        let settings = DatabaseSettings { url: url.into(), max_connections: 0 };
        let first = connect(&settings).await.unwrap();
        first.execute_unprepared("CREATE TABLE t (n integer)").await.unwrap();
        let inode = format!(":{} ", path.metadata().unwrap().ino());
        let locks = || std::fs::read_to_string("/proc/locks").unwrap().matches(&inode).count();
        let before = locks();

        make_file(settings.url.expose_secret()).unwrap();

        assert!(before > 0, "SQLite locks its file for as long as it is open");
        assert_eq!(locks(), before);
    }

    #[test]
    fn a_database_in_memory_has_no_file() {
        for url in [
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://x.db?cache=shared&mode=memory",
            "sqlite:",
            "postgres://h/d",
        ] {
            assert_eq!(sqlite_file(url), None, "{url}");
        }
        assert_eq!(sqlite_file("sqlite:x.db").unwrap(), Path::new("x.db"));
    }

    #[tokio::test]
    async fn a_migration_waits_for_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("twostep.db");
        let other = File::create(folder.path().join("twostep.db.lock")).unwrap();
        other.lock().unwrap();
        let url = format!("sqlite://{}", path.display());
        let settings = DatabaseSettings { url: url.into(), max_connections: 0 };

        let mut waiting = Box::pin(migrate(&settings, Migration::Up));
        let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
        let was_opened = path.exists();
        other.unlock().unwrap();

        assert!(early.is_err());
        assert!(!was_opened, "not even opened: two that open a new file at once may refuse each other");
        assert!(waiting.await.unwrap().iter().all(|(_, applied)| *applied));
    }

    #[tokio::test]
    #[cfg_attr(not(test_mariadb), ignore = "needs TWOSTEP_TEST_MARIADB_URL")]
    async fn a_lock_that_is_not_got_on_mariadb_stops_the_start() {
        let url = std::env::var("TWOSTEP_TEST_MARIADB_URL").unwrap();
        let settings = DatabaseSettings { url: url.into(), max_connections: 0 };
        let (holder, other) = (open(&settings, 1).await.unwrap(), open(&settings, 1).await.unwrap());

        lock_by_name(&holder, 30).await.unwrap();
        let refused = lock_by_name(&other, 0).await;
        unlock(&holder).await.unwrap();

        assert!(refused.unwrap_err().to_string().contains("another start"));
    }

    #[test]
    fn what_a_driver_says_is_told_without_the_url() {
        let url = "postgres://jane:sesame@db/x";

        assert_eq!(without_url(&format!("{url}: no route"), url), "[database.url]: no route");
    }
}
