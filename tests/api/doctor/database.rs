//! The database: looked at, tried, and left as it was.

use std::os::unix::fs::PermissionsExt as _;

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, TransactionTrait};

use super::*;

fn on(database: &TestDatabase) -> Installation {
    unmigrated().set("database.url", &database.url)
}

fn names(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite 3.",
        Engine::Postgres => "PostgreSQL ",
        Engine::MariaDb => "MariaDB",
    }
}

async fn a_migrated_database_is_sound_and_nothing_is_left_in_it(engine: Engine) {
    let database = TestDatabase::create(engine).await;
    let installation = on(&database);
    installation.run(&["migrate"]).assert_code(0);

    let report = examine(&installation);

    report.assert("database", "ok", names(engine)).assert("database", "ok", "all 21 migrations");
    report.assert("database", "ok", "a row could be written");
    let clock = if engine == Engine::Sqlite { "no other clock" } else { "the database's clock" };
    report.assert("clock", "ok", clock);
    let db = database.connect().await;
    assert_eq!(entity::window::Entity::find().count(&db).await.unwrap(), 0);
}

async fn missing_migrations_are_a_warning_that_says_what_to_do(engine: Engine) {
    let database = TestDatabase::create(engine).await;
    let installation = on(&database);
    if engine == Engine::Sqlite {
        std::fs::write(database.folder().join("twostep.db"), "").unwrap();
    }

    let fresh = examine(&installation);
    let tables = examine(&installation);
    installation.run(&["migrate"]).assert_code(0);
    installation.run(&["migrate", "down"]).assert_code(0);
    let one = examine(&installation);

    fresh.assert("database", "warning", "21 of 21 migrations are missing");
    tables.assert("database", "warning", "`twostep migrate`");
    assert!(database.connect().await.execute_unprepared("SELECT 1 FROM users").await.is_ok());
    one.assert("database", "warning", "1 of 21 migrations are missing, from m20261124_000021");
}

async fn a_database_of_a_newer_program_is_told(engine: Engine) {
    let database = TestDatabase::create(engine).await;
    let installation = on(&database);
    installation.run(&["migrate"]).assert_code(0);
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_newer', 0)";
    database.connect().await.execute_unprepared(newer).await.unwrap();

    let report = examine(&installation);

    report.assert("database", "failed", "newer twostep").assert("database", "failed", "m20991231_000001");
}

on_every_engine!(
    a_migrated_database_is_sound_and_nothing_is_left_in_it,
    missing_migrations_are_a_warning_that_says_what_to_do,
    a_database_of_a_newer_program_is_told,
);

#[tokio::test(flavor = "multi_thread")]
async fn looking_changes_no_byte_and_makes_no_file() {
    let (bare, migrated, empty) = (unmigrated(), installation(), unmigrated());
    empty.write("twostep.db", "");
    let files = |installation: &Installation| std::fs::read_dir(installation.folder()).unwrap().count();
    let bytes =
        |installation: &Installation| std::fs::read(installation.folder().join("twostep.db")).unwrap();
    let before = (files(&migrated), bytes(&migrated));

    let absent = examine(&bare);
    let sound = examine(&migrated);
    let unmade = examine(&empty);

    absent.assert("database", "warning", "no such file").assert("database", "warning", "twostep migrate");
    assert_eq!(files(&bare), 0);
    sound.assert("database", "ok", "mode 600").assert("database", "ok", "MiB free");
    assert!((files(&migrated), bytes(&migrated)) == before, "the file is as it was");
    unmade.assert("database", "warning", "21 of 21");
    assert_eq!((files(&empty), bytes(&empty).len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_use_is_told() {
    let installation = installation();
    let file = installation.folder().join("twostep.db");
    let (scribble, folder) = (unmigrated(), unmigrated());
    scribble.write("twostep.db", &"no database, but long enough to be one. ".repeat(100));
    std::fs::create_dir(folder.folder().join("twostep.db")).unwrap();

    let read_only = examine(&installation.clone_with("database.url", "sqlite://twostep.db?mode=ro"));
    let scribble = examine(&scribble);
    let folder = examine(&folder);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = examine(&installation);

    read_only.assert("database", "failed", "readonly").assert("database", "failed", "may this user");
    scribble.assert("database", "failed", "not a database");
    folder.assert("database", "failed", "unable to open");
    open.assert("database", "warning", "chmod 600").outcome.assert_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_does_not_let_go_is_told() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let installation = on(&database);
    installation.run(&["migrate"]).assert_code(0);
    let writer = database.connect().await.begin().await.unwrap();
    writer.execute_unprepared("DELETE FROM windows").await.unwrap();

    let report = examine(&installation);

    report.assert("database", "failed", "locked");
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(
    not(all(test_postgres, test_mariadb)),
    ignore = "needs TWOSTEP_TEST_POSTGRES_URL and TWOSTEP_TEST_MARIADB_URL"
)]
async fn a_server_that_refuses_us_is_told_at_once_and_without_the_password() {
    for variable in ["TWOSTEP_TEST_POSTGRES_URL", "TWOSTEP_TEST_MARIADB_URL"] {
        let mut url: url::Url = std::env::var(variable).unwrap().parse().unwrap();
        url.set_username("nobody").unwrap();
        url.set_password(Some(SECRET)).unwrap();
        url.set_path("/no_such_database");
        let refused = examine(&unmigrated().set("database.url", url.as_str()));
        url.set_port(Some(closed_port().await)).unwrap();
        let absent = examine(&unmigrated().set("database.url", url.as_str()));
        url.set_host(Some("no-such-host.invalid")).unwrap();
        let nowhere = examine(&unmigrated().set("database.url", url.as_str()));

        refused.assert("database", "failed", "it says").assert("database", "failed", "/no_such_database");
        absent.assert("database", "failed", "connection refused");
        nowhere.assert("database", "failed", "name is not found");
        assert!(
            absent.find("database")["milliseconds"].as_u64().unwrap() < 3_000,
            "{}",
            absent.find("database")
        );
    }
}
