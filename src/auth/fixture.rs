//! What the unit tests of this room start from.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use entity::{lockout, user};
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectOptions, ConnectionTrait, Database as SeaDatabase,
    DatabaseConnection, EntityTrait as _, IntoActiveModel as _,
};
use tempfile::TempDir;

use super::lockout::Lane;
use super::session::{self, Passed};
use super::{
    AccountSettings, Auth, AuthParts, Client, EmailAddress, HashPool, HashSettings, LinkOrigins,
    PasswordRules, SameAddress, SessionKind, SessionLifetimes, TwoStepSettings, user as users,
};
use crate::clock::{Clock, OptionalSpan, Quota, Rate, Span, Timestamp};
use crate::courier::{Courier, Templates};
use crate::otp::{AuthenticatorOtpProvider, EmailOtpProvider, RegistryBuilder, SmsOtpProvider};
use crate::token::{Claims, Method};
use crate::vault::{MasterKey, Vault};

/// When the tests take place.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A database of its own in a folder that goes with it.
pub(super) struct Database {
    pub connection: DatabaseConnection,
    _folder: TempDir,
}

/// A fresh, migrated `SQLite` database.
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

/// Gives a user a confirmed number.
pub(super) async fn give_phone(db: &impl ConnectionTrait, user: &user::Model, number: &str) {
    let row = user::ActiveModel {
        phone_number: Set(Some(number.to_owned())),
        phone_confirmed: Set(true),
        ..user.clone().into_active_model()
    };
    row.update(db).await.unwrap();
}

/// Locks a lane.
pub(super) async fn lock(db: &impl ConnectionTrait, lane: &Lane, until: i64) {
    let row = lockout::ActiveModel {
        key: Set(lane.key().to_owned()),
        user_id: Set(lane.user_id()),
        failures: Set(0),
        locked_until: Set(Some(until)),
        updated_at: Set(NOW.millis()),
    };
    lockout::Entity::insert(row).exec_without_returning(db).await.unwrap();
}

/// The rules over a database of their own. Messages are queued and carried by nobody.
pub(super) struct House {
    pub auth: Auth,
    /// The statements that were run, values as placeholders.
    pub statements: Arc<Mutex<Vec<String>>>,
    pub vault: Vault,
    pub clock: Clock,
    database: Database,
}

impl House {
    pub(super) fn db(&self) -> &DatabaseConnection {
        &self.database.connection
    }

    /// The row of a user that is there.
    pub(super) async fn user(&self, email: &str) -> user::Model {
        let email = EmailAddress::parse(email).unwrap();
        users::find_by_email(self.db(), &email).await.unwrap().unwrap()
    }

    /// The claims of a fresh sign-in with a password.
    pub(super) async fn signed_in(&self, user: &user::Model) -> Claims {
        let (day, now) = (Duration::from_hours(24), self.clock.now());
        let lifetimes = SessionLifetimes { access: day, refresh_idle: day, refresh_absolute: day };
        let (client, kind, passed) = (client(), SessionKind::AccessOnly, Passed::password_on(None));
        let opened = session::open(self.db(), user, &client, passed, kind, &lifetimes, now).await.unwrap();
        Claims {
            user_id: user.id,
            session_id: opened.grant.session_id,
            email: user.email.clone(),
            roles: Vec::new(),
            methods: vec![Method::Pwd],
            auth_time: now,
            expires_at: now.plus(day),
            all: serde_json::Map::new(),
        }
    }
}

/// From this machine.
pub(super) fn client() -> Client {
    Client { address: Ipv4Addr::LOCALHOST.into(), user_agent: String::new() }
}

/// The rules with everything at its default, at [`NOW`].
pub(super) async fn house() -> House {
    let mut database = database().await;
    let statements = Arc::<Mutex<Vec<String>>>::default();
    let log = Arc::clone(&statements);
    database.connection.set_metric_callback(move |info| log.lock().unwrap().push(info.statement.sql.clone()));
    let clock = Clock::manual(NOW);
    let vault = Vault::new(&MasterKey::generate());
    let accounts = accounts();
    let day = Duration::from_hours(24);
    let hashing = HashPool::start(&HashSettings {
        memory_kib: accounts.argon2_memory_kib,
        iterations: accounts.argon2_iterations,
        parallelism: accounts.argon2_parallelism,
        threads: accounts.hash_threads,
        queue: accounts.hash_queue,
        patience: Duration::from_secs(15),
    });
    let templates = Templates::load(None, "login.example.com").unwrap();
    let email = EmailOtpProvider::new(templates.clone(), "login.example.com");
    let auth = Auth::new(AuthParts {
        db: database.connection.clone(),
        vault: vault.clone(),
        clock: clock.clone(),
        courier: Courier::new(database.connection.clone(), vault.clone(), clock.clone()),
        templates: templates.clone(),
        providers: RegistryBuilder::default()
            .register("Email", email)
            .register("Sms", SmsOtpProvider::new("Sms", templates.clone(), "login.example.com"))
            .register("Authenticator", AuthenticatorOtpProvider)
            .start(),
        hashing: hashing.unwrap(),
        accounts,
        two_step: TwoStepSettings {
            code_length: 6,
            code_lifetime: Span::seconds(300),
            max_attempts: 5,
            account_attempts: Rate(Some(Quota { count: 10, period: Duration::from_mins(15) })),
            account_attempts_total: 100,
            resend_after: Span::seconds(60),
            max_sends: 5,
            destination_sends: Rate(Some(Quota { count: 10, period: day })),
            default_provider: "Email".to_owned(),
            remember_device: OptionalSpan(None),
        },
        text_budgets: [("Sms".to_owned(), Rate(Some(Quota { count: 500, period: day })))].into(),
        mail_per_destination: Rate(Some(Quota { count: 5, period: Duration::from_hours(1) })),
        origins: LinkOrigins { public_url: "http://localhost:5001".parse().unwrap(), allowed: Vec::new() },
        sessions: SessionLifetimes {
            access: Duration::from_mins(10),
            refresh_idle: 14 * day,
            refresh_absolute: 30 * day,
        },
        fixed_codes: Vec::new(),
        keep_events: Duration::from_hours(24 * 180),
        metrics: crate::metrics::Metrics::default(),
    });
    House { auth, statements, vault, clock, database }
}
