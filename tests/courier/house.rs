//! A courier over a fresh database with a clock that stands still, and what the tests ask of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use migration::Migrator;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use secrecy::SecretString;
use tempfile::TempDir;
use twostep::clock::{Clock, Timestamp};
use twostep::courier::{Carrier, Content, Courier, Dispatcher, Gateway, Message, Priority, SmtpGateway};
use twostep::vault::{MasterKey, Vault};
use uuid::Uuid;

/// How long a test waits for what is to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a test waits for what is not to come.
pub(crate) const QUIET: Duration = Duration::from_millis(200);

pub(crate) struct House {
    _dir: TempDir,
    pub(crate) db: DatabaseConnection,
    pub(crate) vault: Vault,
    pub(crate) clock: Clock,
    pub(crate) courier: Courier,
}

impl House {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options =
            ConnectOptions::new(format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display()));
        options.max_connections(4).sqlx_logging(false);
        let db = Database::connect(options).await.unwrap();
        db.execute_unprepared("PRAGMA journal_mode = WAL").await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let vault = Vault::new(&MasterKey::generate());
        let clock = Clock::manual(Timestamp::from_millis(1_800_000_000_000));
        let courier = Courier::new(db.clone(), vault.clone(), clock.clone());
        Self { _dir: dir, db, vault, clock, courier }
    }

    /// A courier of another process on the same database.
    pub(crate) fn neighbour(&self) -> Courier {
        Courier::new(self.db.clone(), self.vault.clone(), self.clock.clone())
    }

    pub(crate) fn start(&self, mail: impl Gateway) -> Dispatcher {
        self.courier.start(only_mail(Arc::new(mail)))
    }

    /// A mail with a code, good for five minutes.
    pub(crate) fn message(&self, to: &str) -> Message {
        let content = Content {
            subject: "Authentication token".to_owned(),
            text: "Hello Jürgen,\n\n048151\n\n. a dot".to_owned(),
            html: "<p>048151</p>".to_owned(),
        };
        let expires_at = self.clock.now().plus(Duration::from_mins(5));
        let (carrier, priority, code) = (Carrier::Mail, Priority::Code, Some("048151".to_owned()));
        Message { carrier, to: to.to_owned(), content, code, priority, expires_at }
    }

    /// Stores and commits `message`, and tells nobody.
    pub(crate) async fn store(&self, message: &Message) -> twostep::courier::Queued {
        let tx = self.db.begin().await.unwrap();
        let queued = self.courier.enqueue(&tx, message, self.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        queued
    }

    /// Stores, commits and wakes.
    pub(crate) async fn send(&self, message: &Message) -> Uuid {
        let queued = self.store(message).await;
        let id = queued.id;
        self.courier.wake(queued);
        id
    }

    pub(crate) async fn row(&self, id: Uuid) -> entity::message::Model {
        entity::message::Entity::find_by_id(id).one(&self.db).await.unwrap().expect("a row")
    }

    /// Waits until the row `id` has `status`.
    pub(crate) async fn wait_for_status(&self, id: Uuid, status: &str) -> entity::message::Model {
        self.wait_for_row(id, |row| row.status == status).await
    }

    pub(crate) async fn wait_for_row(
        &self,
        id: Uuid,
        holds: impl Fn(&entity::message::Model) -> bool,
    ) -> entity::message::Model {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let row = self.row(id).await;
            if holds(&row) {
                return row;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "still {} after {} attempts, failure {:?}",
                row.status,
                row.attempts,
                row.failure
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

pub(crate) fn only_mail(gateway: Arc<dyn Gateway>) -> HashMap<Carrier, Arc<dyn Gateway>> {
    HashMap::from([(Carrier::Mail, gateway)])
}

/// A gateway to the relay at `url`.
pub(crate) fn smtp(url: &str, timeout: Duration) -> SmtpGateway {
    SmtpGateway::new(&secret(url), "twostep <no-reply@example.com>", timeout).unwrap()
}

pub(crate) fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}
