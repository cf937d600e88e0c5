//! The migrations, one change a file, the same on SQLite, PostgreSQL and MariaDB.

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

mod columns;
mod m20261124_000001_create_users;
mod m20261124_000002_create_factors;
mod m20261124_000003_create_lockouts;
mod m20261124_000004_create_windows;
mod m20261124_000005_create_links;
mod m20261124_000006_create_challenges;
mod m20261124_000007_create_challenge_codes;
mod m20261124_000008_create_messages;
mod m20261124_000009_create_sessions;
mod m20261124_000010_create_signing_keys;
mod m20261124_000011_create_events;
mod m20261124_000012_create_authenticators;
mod m20261124_000013_create_recovery_codes;
mod m20261124_000014_create_refresh_tokens;
mod m20261124_000015_create_text_budgets;
mod m20261124_000016_keep_sealed_codes;
mod m20261124_000017_add_email_confirmed_at;
mod m20261124_000018_add_phone_confirmed_at;
mod m20261124_000019_add_signing_key_start;
mod m20261124_000020_create_trusted_devices;
mod m20261124_000021_add_session_challenge;

/// Every migration, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_create_users::Migration),
            Box::new(m20261124_000002_create_factors::Migration),
            Box::new(m20261124_000003_create_lockouts::Migration),
            Box::new(m20261124_000004_create_windows::Migration),
            Box::new(m20261124_000005_create_links::Migration),
            Box::new(m20261124_000006_create_challenges::Migration),
            Box::new(m20261124_000007_create_challenge_codes::Migration),
            Box::new(m20261124_000008_create_messages::Migration),
            Box::new(m20261124_000009_create_sessions::Migration),
            Box::new(m20261124_000010_create_signing_keys::Migration),
            Box::new(m20261124_000011_create_events::Migration),
            Box::new(m20261124_000012_create_authenticators::Migration),
            Box::new(m20261124_000013_create_recovery_codes::Migration),
            Box::new(m20261124_000014_create_refresh_tokens::Migration),
            Box::new(m20261124_000015_create_text_budgets::Migration),
            Box::new(m20261124_000016_keep_sealed_codes::Migration),
            Box::new(m20261124_000017_add_email_confirmed_at::Migration),
            Box::new(m20261124_000018_add_phone_confirmed_at::Migration),
            Box::new(m20261124_000019_add_signing_key_start::Migration),
            Box::new(m20261124_000020_create_trusted_devices::Migration),
            Box::new(m20261124_000021_add_session_challenge::Migration),
        ]
    }
}
