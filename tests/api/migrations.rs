//! The migrations run up, down and up again on every engine.

use migration::Migrator;
use sea_orm::{ConnectionTrait, Statement};
use sea_orm_migration::MigratorTrait;
use twostep::settings::Settings;
use twostep::startup::{Migration, migrate};

use crate::support::*;

on_every_engine!(
    every_migration_goes_up_down_and_up,
    the_command_takes_back_the_last_one,
    a_look_at_an_empty_database_changes_nothing,
    two_starts_at_once_on_an_empty_database_both_succeed,
    a_start_on_a_migrated_database_changes_nothing,
    a_migration_that_is_broken_off_can_be_done_again,
);

async fn all_tables(db: &sea_orm::DatabaseConnection, engine: Engine) -> Vec<String> {
    let list = match engine {
        Engine::Sqlite => {
            "SELECT name AS name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        Engine::Postgres => "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
        Engine::MariaDb => {
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()"
        }
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), list)).await.unwrap();
    let mut names: Vec<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    names.sort();
    names
}

/// Without the one in which the migrations are noted.
async fn tables(db: &sea_orm::DatabaseConnection, engine: Engine) -> Vec<String> {
    let mut names = all_tables(db, engine).await;
    names.retain(|name| name != "seaql_migrations");
    names
}

/// With SQLite, a file with nothing in it.
async fn empty_database(engine: Engine) -> TestDatabase {
    let database = TestDatabase::create(engine).await;
    if engine == Engine::Sqlite {
        std::fs::File::create(database.folder().join("twostep.db")).unwrap();
    }
    database
}

async fn every_migration_goes_up_down_and_up(engine: Engine) {
    let database = empty_database(engine).await;
    let db = database.connect().await;

    Migrator::up(&db, None).await.unwrap();
    let first = tables(&db, engine).await;
    let count = u32::try_from(Migrator::migrations().len()).unwrap();
    for _ in 0..count {
        Migrator::down(&db, Some(1)).await.unwrap();
    }
    let emptied = tables(&db, engine).await;
    Migrator::up(&db, None).await.unwrap();
    let second = tables(&db, engine).await;

    assert!(first.contains(&"users".to_owned()), "{first:?}");
    assert_eq!(emptied, Vec::<String>::new());
    assert_eq!(second, first);
}

async fn the_command_takes_back_the_last_one(engine: Engine) {
    let database = TestDatabase::create(engine).await;
    let environment = [(variable("database.url"), database.url.clone())];
    let settings = Settings::load(None, environment).unwrap();

    let before = migrate(&settings.database, Migration::Status).await.unwrap();
    let up = migrate(&settings.database, Migration::Up).await.unwrap();
    let down = migrate(&settings.database, Migration::Down).await.unwrap();
    let again = migrate(&settings.database, Migration::Up).await.unwrap();
    let status = migrate(&settings.database, Migration::Status).await.unwrap();

    assert!(before.iter().all(|(_, applied)| !applied), "{before:?}");
    assert!(up.iter().all(|(_, applied)| *applied), "{up:?}");
    assert_eq!(down.iter().filter(|(_, applied)| !applied).count(), 1, "{down:?}");
    assert_eq!(up, again);
    assert_eq!(up, status);
    assert_eq!(up.len(), Migrator::migrations().len());
}

async fn a_look_at_an_empty_database_changes_nothing(engine: Engine) {
    let database = empty_database(engine).await;
    let settings = Settings::load(None, [(variable("database.url"), database.url.clone())]).unwrap();

    let status = migrate(&settings.database, Migration::Status).await.unwrap();

    assert!(status.len() > 1 && status.iter().all(|(_, applied)| !applied), "{status:?}");
    assert_eq!(all_tables(&database.connect().await, engine).await, Vec::<String>::new());
}

async fn two_starts_at_once_on_an_empty_database_both_succeed(engine: Engine) {
    let (first, second) = Builder::twice(engine).await;

    let (one, two) = futures_util::join!(first.start(), second.start());

    one.add_user("jane@example.com").await;
    two.client().login("jane@example.com").await.token();
}

async fn a_start_on_a_migrated_database_changes_nothing(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user("jane@example.com").await;
    let before = app.user("jane@example.com").await;

    let second = TestApp::builder(engine).beside(&app).start().await;

    assert_eq!(second.user("jane@example.com").await, before);
}

async fn a_migration_that_is_broken_off_can_be_done_again(engine: Engine) {
    let database = empty_database(engine).await;
    let settings = Settings::load(None, [(variable("database.url"), database.url.clone())]).unwrap();
    migrate(&settings.database, Migration::Status).await.unwrap();
    let db = database.connect().await;
    let run = async |sql: &str| db.execute_unprepared(sql).await.unwrap();
    if engine == Engine::MariaDb {
        // Killed after a table of a migration, and before its index and its entry in the list.
        migrate(&settings.database, Migration::Up).await.unwrap();
        run("DELETE FROM seaql_migrations WHERE version LIKE '%create_messages' OR version LIKE '%create_events'")
            .await;
        run("DROP INDEX idx_events_at ON events").await;
    } else {
        // The last migration finds its table's name taken.
        run("CREATE TABLE events (n integer)").await;
        migrate(&settings.database, Migration::Up).await.unwrap_err();
        assert_eq!(tables(&db, engine).await, ["events"]);
        run("DROP TABLE events").await;
    }

    let made_good = migrate(&settings.database, Migration::Up).await.unwrap();

    assert!(made_good.iter().all(|(_, applied)| *applied));
    if engine == Engine::MariaDb {
        run("DROP INDEX idx_events_at ON events").await;
    }
}
