//! A server for one test: the very app that `serve` starts, on a real socket, with a database, a relay and a clock of its own.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_test::TestServer;
use base64::Engine as _;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use twostep::auth::{Change, ImportedPassword, NewUser, Password, UserSummary};
use twostep::clock::{Clock, Timestamp};
use twostep::otp::RegistryBuilder;
use twostep::settings::{Reread, Source};
use twostep::startup::{Blueprint, ReloadError, Running};

use super::{CODE, Client, Engine, Link, Mail, PASSWORD, SmtpSink, TestDatabase};

/// When the tests' clocks start.
const START_MILLIS: i64 = 1_800_000_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

type Customise = Box<dyn FnOnce(Blueprint) -> Blueprint>;

/// What makes a [`TestApp`].
pub(crate) struct Builder {
    engine: Engine,
    settings: BTreeMap<String, String>,
    file: String,
    shared: Option<Shared>,
    customise: Customise,
}

/// What two instances have in common.
#[derive(Clone)]
struct Shared {
    database: Arc<TestDatabase>,
    clock: Clock,
    sink: Arc<SmtpSink>,
    secret: String,
}

impl Shared {
    async fn create(engine: Engine) -> Self {
        Self {
            database: Arc::new(TestDatabase::create(engine).await),
            clock: Clock::manual(Timestamp::from_millis(START_MILLIS)),
            sink: Arc::new(SmtpSink::start().await),
            secret: base64::engine::general_purpose::STANDARD.encode(twostep::vault::random_bytes::<32>()),
        }
    }
}

impl Builder {
    /// Two builders over one empty database, for instances that start at once.
    pub(crate) async fn twice(engine: Engine) -> (Self, Self) {
        let shared = Shared::create(engine).await;
        let make = || Self { shared: Some(shared.clone()), ..TestApp::builder(engine) };
        (make(), make())
    }

    /// Sets a key, such as `two_step.max_attempts`.
    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(variable(key), value.to_owned());
        self
    }

    /// Reads this configuration file first.
    pub(crate) fn file(mut self, toml: &str) -> Self {
        toml.clone_into(&mut self.file);
        self
    }

    /// Changes the registered providers.
    pub(crate) fn providers(
        self,
        customise: impl FnOnce(RegistryBuilder) -> RegistryBuilder + 'static,
    ) -> Self {
        self.blueprint(|blueprint| blueprint.providers(customise))
    }

    /// Changes what is built.
    pub(crate) fn blueprint(mut self, customise: impl FnOnce(Blueprint) -> Blueprint + 'static) -> Self {
        self.customise = Box::new(customise);
        self
    }

    /// A second instance on the database, clock, relay and secret of `other`.
    pub(crate) fn beside(mut self, other: &TestApp) -> Self {
        self.shared = Some(other.shared.clone());
        self
    }

    pub(crate) async fn start(self) -> TestApp {
        let shared = match self.shared {
            Some(shared) => shared,
            None => Shared::create(self.engine).await,
        };
        let mut environment = defaults(&shared);
        environment.extend(self.settings);
        // Instances have their own files.
        let name = format!("twostep-{}.toml", twostep::vault::random_token::<6>());
        let file = shared.database.folder().join(name);
        std::fs::write(&file, self.file).unwrap();
        let source = Source::new(Some(&file), environment);
        let settings = source.load().unwrap_or_else(|faults| panic!("{faults}"));
        let blueprint = Blueprint::new(settings).clock(shared.clock.clone());
        let running = (self.customise)(blueprint).build().await.unwrap();
        let app = running.clone();
        let server = actix_test::start_with(actix_test::config().h1(), move || app.app());
        TestApp {
            address: format!("http://{}", server.addr()),
            clock: shared.clock.clone(),
            sink: shared.sink.clone(),
            running,
            source,
            file,
            shared,
            read: Mutex::default(),
            server: Some(server),
        }
    }
}

/// `two_step.max_attempts` as `TWOSTEP__TWO_STEP__MAX_ATTEMPTS`.
pub(crate) fn variable(key: &str) -> String {
    format!("TWOSTEP__{}", key.to_uppercase().replace('.', "__"))
}

/// Cheap hashing, a relay on a socket, no limits.
fn defaults(shared: &Shared) -> BTreeMap<String, String> {
    let pairs = [
        ("database.url", shared.database.url.as_str()),
        // What is shipped on SQLite; the servers' connections are shared with the other tests.
        ("database.max_connections", if shared.database.url.starts_with("sqlite:") { "0" } else { "4" }),
        ("secrets.key", &shared.secret),
        ("accounts.argon2_memory_kib", "64"),
        ("accounts.argon2_iterations", "1"),
        ("accounts.hash_threads", "2"),
        ("limits.enabled", "false"),
        ("mail.transport", "smtp"),
        ("mail.smtp_url", &shared.sink.url()),
    ];
    pairs.map(|(key, value)| (variable(key), value.to_owned())).into()
}

/// A running server.
pub(crate) struct TestApp {
    pub(crate) address: String,
    pub(crate) clock: Clock,
    pub(crate) sink: Arc<SmtpSink>,
    pub(crate) running: Running,
    source: Source,
    file: PathBuf,
    shared: Shared,
    /// How many mails with a subject the test has read, per address.
    read: Mutex<HashMap<(String, String), usize>>,
    server: Option<TestServer>,
}

impl TestApp {
    pub(crate) async fn start(engine: Engine) -> Self {
        Self::builder(engine).start().await
    }

    pub(crate) fn builder(engine: Engine) -> Builder {
        Builder {
            engine,
            settings: BTreeMap::new(),
            file: String::new(),
            shared: None,
            customise: Box::new(|blueprint| blueprint),
        }
    }

    /// Writes the configuration file anew and has it read again.
    pub(crate) async fn reload(&self, toml: &str) -> Result<Reread, ReloadError> {
        std::fs::write(&self.file, toml).unwrap();
        self.running.reload(&self.source, None).await
    }

    /// From 127.0.0.1, without cookies.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address)
    }

    /// From 127.0.0.1, with cookies.
    pub(crate) fn browser(&self) -> Client {
        Client::browser(&self.address)
    }

    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.running.db
    }

    /// `HOST:PORT`
    pub(crate) fn socket(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// A confirmed user, made by the operator.
    pub(crate) async fn add_user(&self, email: &str) -> UserSummary {
        self.running.auth.add_user(new_user(email)).await.unwrap()
    }

    /// A confirmed user with the second step on.
    pub(crate) async fn add_two_step_user(&self, email: &str) -> UserSummary {
        let user = NewUser { two_factor_enabled: Some(true), ..new_user(email) };
        self.running.auth.add_user(user).await.unwrap()
    }

    /// A confirmed user with the second step on and a confirmed phone number.
    pub(crate) async fn add_user_with_phone(&self, email: &str, number: &str) -> UserSummary {
        let user = NewUser {
            two_factor_enabled: Some(true),
            phone_number: Some(number.to_owned()),
            phone_confirmed: true,
            ..new_user(email)
        };
        self.running.auth.add_user(user).await.unwrap()
    }

    pub(crate) async fn change(&self, email: &str, change: Change) -> UserSummary {
        self.running.auth.change_user(email, change).await.unwrap()
    }

    /// Registers over HTTP and opens the mailed link.
    pub(crate) async fn register_and_confirm(&self, email: &str) {
        let client = self.client();
        client.register(email).await.assert_status(201);
        let link = self.next_mail(email, super::CONFIRMATION).await.link();
        client.confirm(&link).await.assert_status(200);
    }

    /// A right password, and the mailed code.
    pub(crate) async fn open_challenge(&self, client: &Client, email: &str) -> (String, String) {
        let answer = client.login(email).await;
        (answer.challenge_id(), self.code_for(email).await)
    }

    /// The next mail to `address` with `subject` that was not read yet.
    pub(crate) async fn next_mail(&self, address: &str, subject: &str) -> Mail {
        let key = (address.to_owned(), subject.to_owned());
        let index = *self.read.lock().unwrap().get(&key).unwrap_or(&0);
        let what = format!("mail {} to {address}: {subject}", index + 1);
        let mail = eventually(&what, async || self.mails(address, subject).into_iter().nth(index)).await;
        self.read.lock().unwrap().insert(key, index + 1);
        mail
    }

    /// The code of the next code mail.
    pub(crate) async fn code_for(&self, address: &str) -> String {
        self.next_mail(address, CODE).await.code()
    }

    /// The link of the next mail with `subject`.
    pub(crate) async fn link_for(&self, address: &str, subject: &str) -> Link {
        self.next_mail(address, subject).await.link()
    }

    /// Every mail to `address` so far.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<Mail> {
        self.sink.mails().into_iter().filter(|mail| mail.is_to(address)).collect()
    }

    pub(crate) fn mails(&self, address: &str, subject: &str) -> Vec<Mail> {
        self.mails_to(address).into_iter().filter(|mail| mail.subject == subject).collect()
    }

    /// Waits until nothing is queued any more: what was not mailed by then never will be.
    pub(crate) async fn all_sent(&self) {
        let queued = entity::message::Entity::find().filter(entity::message::Column::Status.eq("queued"));
        eventually("an empty queue", async || {
            (queued.clone().count(self.db()).await.unwrap() == 0).then_some(())
        })
        .await;
    }

    /// Moves the clock, when no message is being handed over: the lease of one that is would have passed, and the message be
    /// handed over again. Waits a second for those that the test holds up.
    pub(crate) async fn advance(&self, seconds: u64) {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) && self.is_handing_over().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn is_handing_over(&self) -> bool {
        use entity::message::{Column, Entity};
        use sea_orm::ExprTrait as _;
        let begun = Column::LeaseUntil.gt(self.clock.now().millis()).or(Column::Attempts.eq(0));
        Entity::find()
            .filter(Column::Status.eq("queued"))
            .filter(begun)
            .count(self.db())
            .await
            .is_ok_and(|count| count > 0)
    }

    pub(crate) async fn user(&self, email: &str) -> entity::user::Model {
        let users = entity::user::Entity::find().filter(entity::user::Column::EmailKey.eq(email));
        users.one(self.db()).await.unwrap().unwrap_or_else(|| panic!("no user {email}"))
    }

    pub(crate) async fn count_users(&self) -> u64 {
        entity::user::Entity::find().count(self.db()).await.unwrap()
    }

    /// Judged guesses of every challenge, oldest first.
    pub(crate) async fn attempts(&self) -> Vec<i32> {
        use sea_orm::QueryOrder as _;
        let challenges = entity::challenge::Entity::find().order_by_asc(entity::challenge::Column::CreatedAt);
        challenges.all(self.db()).await.unwrap().into_iter().map(|challenge| challenge.attempts).collect()
    }

    pub(crate) async fn stop(mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        self.running.stop().await;
    }
}

/// A confirmed user with [`PASSWORD`].
pub(crate) fn new_user(email: &str) -> NewUser {
    NewUser {
        email: email.to_owned(),
        password: ImportedPassword::Clear(Password::new(PASSWORD)),
        email_confirmed: true,
        two_factor_enabled: None,
        phone_number: None,
        phone_confirmed: false,
        roles: Vec::new(),
    }
}

/// Asks until there is an answer; panics when there is none after a while.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
