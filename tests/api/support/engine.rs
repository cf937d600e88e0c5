//! The three database engines, and a database of its own for each test.

use std::sync::Once;
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement};
use tempfile::TempDir;
use url::Url;

const PREFIX: &str = "twostep_test_";
const STALE_AFTER: u64 = 86_400;

/// What a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
    MariaDb,
}

impl Engine {
    /// A database of the engine's server, from which others are made and dropped.
    fn server(self) -> Url {
        let variable = match self {
            Engine::Sqlite => panic!("SQLite has no server"),
            Engine::Postgres => "TWOSTEP_TEST_POSTGRES_URL",
            Engine::MariaDb => "TWOSTEP_TEST_MARIADB_URL",
        };
        let url = std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set"));
        Url::parse(&url).unwrap_or_else(|error| panic!("{variable}: {error}"))
    }
}

/// A database that is dropped with the value, also when the test panics.
pub(crate) struct TestDatabase {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    name: String,
    folder: TempDir,
}

impl TestDatabase {
    pub(crate) async fn create(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let suffix = hex::encode(twostep::vault::random_bytes::<6>());
        let name = format!("{PREFIX}{}_{suffix}", seconds_since_epoch());
        let url = if engine == Engine::Sqlite {
            format!("sqlite://{}/twostep.db", folder.path().display())
        } else {
            drop_stale_once(engine).await;
            let server = connect(engine.server().as_str()).await.unwrap();
            server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
            server.close().await.unwrap();
            let mut url = engine.server();
            url.set_path(&name);
            url.into()
        };
        Self { engine, url, name, folder }
    }

    /// A connection of the test's own.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await.unwrap()
    }

    /// A folder that lives as long as the database.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.engine == Engine::Sqlite {
            return;
        }
        let (engine, name) = (self.engine, self.name.clone());
        // The test's own runtime may be unwinding: dropping gets a thread and a runtime of its own.
        let dropping =
            std::thread::spawn(move || on_a_runtime(async move { drop_database(engine, &name).await }));
        let _ = dropping.join();
    }
}

fn on_a_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).acquire_timeout(Duration::from_secs(20)).sqlx_logging(false);
    Database::connect(options).await
}

async fn drop_database(engine: Engine, name: &str) -> Result<(), DbErr> {
    let server = connect(engine.server().as_str()).await?;
    if engine == Engine::MariaDb {
        // What PostgreSQL calls FORCE: connections of a server that is going down would pile up.
        let list = format!("SELECT id AS id FROM information_schema.processlist WHERE db = '{name}'");
        for row in server.query_all_raw(Statement::from_string(DbBackend::MySql, list)).await? {
            let id: i64 = row.try_get("", "id")?;
            let _ = server.execute_unprepared(&format!("KILL {id}")).await;
        }
    }
    let force = if engine == Engine::Postgres { " WITH (FORCE)" } else { "" };
    server.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name}{force}")).await?;
    server.close().await
}

/// Drops what killed test runs have left behind.
async fn drop_stale_once(engine: Engine) {
    static POSTGRES: Once = Once::new();
    static MARIADB: Once = Once::new();
    let once = if engine == Engine::Postgres { &POSTGRES } else { &MARIADB };
    let mut first = false;
    once.call_once(|| first = true);
    if !first {
        return;
    }
    let list = match engine {
        Engine::Postgres => "SELECT datname AS name FROM pg_database",
        _ => "SELECT schema_name AS name FROM information_schema.schemata",
    };
    let server = connect(engine.server().as_str()).await.unwrap();
    for row in
        server.query_all_raw(Statement::from_string(server.get_database_backend(), list)).await.unwrap()
    {
        let name: String = row.try_get("", "name").unwrap();
        if is_stale(&name) {
            let _ = drop_database(engine, &name).await;
        }
    }
}

fn is_stale(name: &str) -> bool {
    let made = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()?.parse::<u64>().ok());
    made.is_some_and(|made| made + STALE_AFTER < seconds_since_epoch())
}

#[expect(clippy::disallowed_methods, reason = "names of test databases tell their age by the system's clock")]
fn seconds_since_epoch() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// Makes three tests, one per engine, from each named `async fn name(engine: Engine)`.
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[actix_web::test] async fn $name() { super::$name($crate::support::Engine::Sqlite).await; })+
        }
        mod postgres {
            $(
                #[actix_web::test]
                #[cfg_attr(not(test_postgres), ignore = "needs TWOSTEP_TEST_POSTGRES_URL")]
                async fn $name() { super::$name($crate::support::Engine::Postgres).await; }
            )+
        }
        mod mariadb {
            $(
                #[actix_web::test]
                #[cfg_attr(not(test_mariadb), ignore = "needs TWOSTEP_TEST_MARIADB_URL")]
                async fn $name() { super::$name($crate::support::Engine::MariaDb).await; }
            )+
        }
    };
}
pub(crate) use on_every_engine;
