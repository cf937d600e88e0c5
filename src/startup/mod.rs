//! Wiring, and nothing but wiring: settings → database, keys, courier, registry, server.

use std::sync::Arc;

use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use sea_orm::DatabaseConnection;

use crate::auth::Auth;
use crate::clock::Clock;
use crate::courier::Inbox;
use crate::otp::RegistryBuilder;
use crate::settings::Settings;
use crate::token::Tokens;

pub mod logging;
mod runtime;
mod secret;
mod settings;

pub use runtime::block_on;
pub use secret::master_key;
pub use settings::{DatabaseSettings, LogFormat, LogSettings};

type Customise = Box<dyn FnOnce(RegistryBuilder) -> RegistryBuilder>;

/// What is about to be built.
pub struct Blueprint {
    settings: Settings,
    clock: Clock,
    customise: Customise,
}

impl Blueprint {
    /// Builds from `settings`, by the system's clock.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, clock: Clock::system(), customise: Box::new(|registry| registry) }
    }

    /// Takes the time from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Registers more providers, or others in the place of configured ones.
    #[must_use]
    pub fn providers(mut self, customise: impl FnOnce(RegistryBuilder) -> RegistryBuilder + 'static) -> Self {
        self.customise = Box::new(customise);
        self
    }

    /// Connects and migrates the database, loads keys, starts courier and providers. Must run in an actix system.
    ///
    /// # Errors
    /// When any of that fails.
    pub async fn build(self) -> anyhow::Result<Running> {
        todo!()
    }
}

/// [`Blueprint::build`] with nothing changed.
///
/// # Errors
/// When any part cannot be started.
pub async fn build(settings: Settings) -> anyhow::Result<Running> {
    Blueprint::new(settings).build().await
}

/// The parts of a running server, all but the socket.
#[derive(Clone)]
pub struct Running {
    /// The rules.
    pub auth: Auth,
    /// Tokens.
    pub tokens: Tokens,
    /// The database.
    pub db: DatabaseConnection,
    /// The development inbox, if something is caught.
    pub inbox: Option<Inbox>,
    /// The effective configuration.
    pub settings: Arc<Settings>,
}

impl Running {
    /// The app that `serve`, tests and benches start, one per worker.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody>,
            Error = actix_web::Error,
            InitError = (),
        >,
    > {
        App::new()
    }

    /// Finishes what is in flight, for at most `shutdown_timeout`.
    pub async fn stop(&self) {
        todo!()
    }
}

/// Serves until SIGTERM or SIGINT; logs `listening on http://HOST:PORT` once the port is open.
///
/// # Errors
/// When it cannot start.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    todo!()
}

/// The rules without courier and server, for `twostep user …`: messages are queued for the running server. Must run in an actix system.
///
/// # Errors
/// When the database cannot be reached or migrated.
pub async fn directory(settings: &Settings) -> anyhow::Result<Auth> {
    todo!()
}

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

/// Migrates under a lock, and tells every migration's name and whether it is applied afterwards.
///
/// # Errors
/// When the database refuses.
pub async fn migrate(settings: &Settings, what: Migration) -> anyhow::Result<Vec<(String, bool)>> {
    todo!()
}

/// The database of the settings, connected and not migrated, for commands that read it.
///
/// # Errors
/// When it cannot be reached.
pub async fn connect(settings: &DatabaseSettings) -> anyhow::Result<DatabaseConnection> {
    todo!()
}
