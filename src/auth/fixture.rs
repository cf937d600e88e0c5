//! What the unit tests of this room start from.

use entity::user;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectOptions, ConnectionTrait, Database as SeaDatabase, DatabaseConnection};
use tempfile::TempDir;

use super::{AccountSettings, EmailAddress, PasswordRules, SameAddress};
use crate::auth::user as users;
use crate::clock::{Span, Timestamp};

/// When the tests take place.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A database of its own in a folder that goes with it.
pub(super) struct Database {
    pub connection: DatabaseConnection,
    _folder: TempDir,
}

/// A fresh, migrated SQLite database.
pub(super) async fn database() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
    let mut options = ConnectOptions::new(url);
    options.max_connections(4).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(|options| {
        use sea_orm::sqlx::sqlite::SqliteJournalMode;
        options.journal_mode(SqliteJournalMode::Wal).foreign_keys(true)
    });
    let connection = SeaDatabase::connect(options).await.unwrap();
    Migrator::up(&connection, None).await.unwrap();
    Database { connection, _folder: folder }
}

/// `[accounts]` as it is by default, with cheap hashing.
pub(super) fn accounts() -> AccountSettings {
    AccountSettings {
        require_confirmed_email: true,
        two_factor_for_new_users: false,
        default_role: "Viewer".to_owned(),
        password_min_length: 8,
        password_rules: PasswordRules::Length,
        link_lifetime: Span::seconds(7_200),
        lockout_attempts: 5,
        lockout_duration: Span::seconds(300),
        same_address: SameAddress::Exact,
        argon2_memory_kib: 64,
        argon2_iterations: 1,
        argon2_parallelism: 1,
        hash_threads: 1,
        hash_queue: 64,
    }
}

/// Stores a confirmed user.
pub(super) async fn insert_user(db: &impl ConnectionTrait, email: &str) -> user::Model {
    let email = EmailAddress::parse(email).unwrap();
    let row = user::Model { email_confirmed: true, ..users::new_row(&email, "a hash".to_owned(), NOW) };
    users::insert(db, &row).await.unwrap();
    row
}
