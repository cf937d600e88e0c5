//! Wiring, and nothing but wiring: settings → database, keys, courier, registry, server.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use arc_swap::ArcSwap;
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;

use crate::api;
use crate::auth::{
    Auth, AuthParts, EmailAddress, HashPool, HashSettings, LinkOrigins, Live, SessionLifetimes,
};
use crate::clock::{Clock, Rate};
use crate::courier::{Carrier, Courier, Gateway, Inbox, Templates, Transport};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::otp::{
    AuthenticatorOtpProvider, Code, EmailOtpProvider, ProviderSettings, RegistryBuilder, SmsGateway,
    SmsOtpProvider,
};
use crate::settings::{Settings, Source};
use crate::token::Tokens;
use crate::vault::{Use, Vault};

mod database;
mod doctor;
mod extras;
mod follow;
mod gateways;
pub mod logging;
mod reload;
mod running;
mod runtime;
mod secret;
mod server;
mod tls;

use extras::Extras;
use logging::Levels;
use reload::Reloading;

pub use database::{Migration, connect, migrate};
pub use doctor::{Finding, Status, examine};
pub use reload::ReloadError;
pub use running::Running;
pub use runtime::{block_on, block_on_and_leave};
pub use secret::master_key;

/// Requests of the six routes that are worked on at once, in all workers together: far more than the hash queue lets
/// through, and a bound for what clients that hang up leave behind.
const MOST_IN_FLIGHT: usize = 1024;

/// What is about to be built.
pub struct Blueprint {
    settings: Settings,
    clock: Clock,
    extras: Extras,
}

impl Blueprint {
    /// Builds from `settings`, by the system's clock.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, clock: Clock::system(), extras: Extras::default() }
    }

    /// Takes the time from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Registers more providers, or others in the place of configured ones: what is registered here stays so when the configuration
    /// is read again, but for a name that `[providers.NAME]` turns off.
    #[must_use]
    pub fn providers(mut self, register: impl FnOnce(RegistryBuilder) -> RegistryBuilder) -> Self {
        self.extras.register(register);
        self
    }

    /// Carries the messages of `carrier` by `gateway`, whatever the configuration says of that carrier.
    #[must_use]
    pub fn gateway(mut self, carrier: Carrier, gateway: impl Gateway) -> Self {
        self.extras.carry(carrier, gateway);
        self
    }

    /// Connects and migrates the database, loads keys, starts courier and providers. Must run in an actix system.
    ///
    /// # Errors
    /// When any of that fails.
    pub async fn build(self) -> anyhow::Result<Running> {
        let Self { settings, clock, extras } = self;
        let vault = Vault::new(&secret::master_key(&settings)?);
        database::migrate(&settings.database, Migration::Up).await?;
        let db = database::connect(&settings.database).await?;
        let tokens = Tokens::load(&settings.tokens, &db, &vault, clock.clone()).await?;
        let inbox = Inbox::new();
        let gateways = extras.gateways(gateways::gateways(&settings, &inbox, &clock)?);
        let metrics = Metrics::new()?;
        let courier = Courier::new(db.clone(), vault.clone(), clock.clone()).counted(&metrics);
        let Live { providers, templates, two_step, text_budgets, mail_per_destination, origins } =
            live(&settings, &extras)?;
        let auth = Auth::new(AuthParts {
            db: db.clone(),
            vault: vault.clone(),
            clock: clock.clone(),
            courier: courier.clone(),
            templates,
            providers,
            hashing: HashPool::start(&hash_settings(&settings))?,
            accounts: settings.accounts.clone(),
            two_step,
            text_budgets,
            mail_per_destination,
            origins,
            sessions: session_lifetimes(&settings),
            fixed_codes: fixed_codes(&settings),
            keep_events: settings.events.keep.0,
            metrics: metrics.clone(),
        });
        let dispatcher = courier.start(gateways.clone());
        tokens.watch();
        Ok(Running {
            auth,
            tokens,
            limits: limits(&settings, clock.clone())?,
            courier,
            dispatcher,
            inbox: catches(&settings).then(|| inbox.clone()),
            metrics,
            cors: api::Origins::new(&settings.server),
            reloading: Arc::new(Reloading::new(extras, inbox, clock, gateways)),
            sessions: browser_sessions(&settings, &vault),
            docs: api::Docs::default(),
            server: Arc::new(settings.server.clone()),
            room: Arc::new(Semaphore::new(MOST_IN_FLIGHT)),
            settings: Arc::new(ArcSwap::from_pointee(settings)),
            db,
        })
    }

    /// Builds, and serves until SIGTERM or SIGINT; logs `listening on http://HOST:PORT` once the port is open, and follows `source`. Must run
    /// in an actix system.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn serve(self, source: Source, levels: Levels) -> anyhow::Result<()> {
        runtime::forbid_core_files();
        let running = self.build().await?;
        running.keep_house();
        server::run(running, source, levels).await
    }
}

/// [`Blueprint::build`] with nothing changed.
///
/// # Errors
/// When any part cannot be started.
pub async fn build(settings: Settings) -> anyhow::Result<Running> {
    Blueprint::new(settings).build().await
}

/// Serves until SIGTERM or SIGINT; logs `listening on http://HOST:PORT` once the port is open.
///
/// # Errors
/// When it cannot start.
pub async fn serve(settings: Settings, source: Source, levels: Levels) -> anyhow::Result<()> {
    Blueprint::new(settings).serve(source, levels).await
}

/// The rules without courier and server, for `twostep user …`: messages are queued for the running server. Must run in
/// an actix system.
///
/// # Errors
/// When the database cannot be reached or migrated.
pub async fn directory(settings: &Settings) -> anyhow::Result<Auth> {
    let clock = Clock::system();
    let vault = Vault::new(&secret::master_key(settings)?);
    database::migrate(&settings.database, Migration::Up).await?;
    let db = database::connect(&settings.database).await?;
    Ok(Auth::new(AuthParts {
        courier: Courier::new(db.clone(), vault.clone(), clock.clone()),
        db,
        vault,
        clock,
        templates: load_templates(settings)?,
        providers: RegistryBuilder::default().start(),
        hashing: HashPool::start(&hash_settings(settings))?,
        accounts: settings.accounts.clone(),
        two_step: settings.two_step.clone(),
        text_budgets: text_budgets(settings),
        mail_per_destination: mail_per_destination(settings),
        origins: link_origins(settings),
        sessions: session_lifetimes(settings),
        fixed_codes: fixed_codes(settings),
        keep_events: settings.events.keep.0,
        metrics: Metrics::default(),
    }))
}

/// What the API is (`OpenAPI` 3.1), for `twostep openapi`.
#[must_use]
pub fn openapi() -> serde_json::Value {
    api::document()
}

/// The signing keys without a server, for `twostep keys …`.
///
/// # Errors
/// When the database cannot be reached or migrated, or a key cannot be opened.
pub async fn signing_keys(settings: &Settings) -> anyhow::Result<Tokens> {
    let vault = Vault::new(&secret::master_key(settings)?);
    database::migrate(&settings.database, Migration::Up).await?;
    let db = database::connect(&settings.database).await?;
    Ok(Tokens::load(&settings.tokens, &db, &vault, Clock::system()).await?)
}

fn configured_providers(settings: &Settings, templates: &Templates) -> RegistryBuilder {
    let host = host(settings);
    let mut registry = RegistryBuilder::default();
    for (name, provider) in &settings.providers.0 {
        registry = match provider {
            ProviderSettings::Email { enabled: true } => {
                registry.register(name, EmailOtpProvider::new(templates.clone(), host))
            }
            ProviderSettings::Sms { enabled: true, allowed_countries, .. } => {
                let provider = SmsOtpProvider::new(name, templates.clone(), host);
                registry.register(name, provider.only_to(allowed_countries))
            }
            ProviderSettings::Authenticator { enabled: true } => {
                registry.register(name, AuthenticatorOtpProvider)
            }
            ProviderSettings::Email { enabled: false }
            | ProviderSettings::Sms { enabled: false, .. }
            | ProviderSettings::Authenticator { enabled: false } => registry,
        };
    }
    registry
}

fn browser_sessions(settings: &Settings, vault: &Vault) -> api::BrowserSessions {
    let redis = Some(&settings.redis.url).filter(|url| !url.expose_secret().is_empty());
    let secure = settings.server.public_url.scheme() == "https";
    api::BrowserSessions::new(vault.key(Use::Cookie), redis.cloned(), secure, settings.tokens.refresh_idle.0)
}

fn limits(settings: &Settings, clock: Clock) -> anyhow::Result<Limits> {
    let limits = Limits::new(&settings.limits, clock);
    if settings.redis.url.expose_secret().is_empty() {
        return Ok(limits);
    }
    limits.shared_by(&settings.redis.url).map_err(|fault| anyhow!("[redis] url: {fault}"))
}

/// What can change while the program runs. The providers have started when this returns, and nothing has when it fails.
fn live(settings: &Settings, extras: &Extras) -> anyhow::Result<Live> {
    let templates = load_templates(settings)?;
    Ok(Live {
        providers: extras.providers(settings, configured_providers(settings, &templates)).start(),
        templates,
        two_step: settings.two_step.clone(),
        text_budgets: text_budgets(settings),
        mail_per_destination: mail_per_destination(settings),
        origins: link_origins(settings),
    })
}

/// Of `public_url`: texts end with it.
fn host(settings: &Settings) -> &str {
    settings.server.public_url.host_str().unwrap_or_default()
}

fn load_templates(settings: &Settings) -> anyhow::Result<Templates> {
    let folder = Some(settings.mail.templates_dir.as_str()).filter(|folder| !folder.is_empty());
    Ok(Templates::load(folder.map(Path::new), host(settings))?)
}

fn hash_settings(settings: &Settings) -> HashSettings {
    HashSettings {
        memory_kib: settings.accounts.argon2_memory_kib,
        iterations: settings.accounts.argon2_iterations,
        parallelism: settings.accounts.argon2_parallelism,
        threads: settings.accounts.hash_threads,
        queue: settings.accounts.hash_queue,
        patience: settings.server.request_timeout.0,
    }
}

fn session_lifetimes(settings: &Settings) -> SessionLifetimes {
    SessionLifetimes {
        access: settings.tokens.access_lifetime.0,
        refresh_idle: settings.tokens.refresh_idle.0,
        refresh_absolute: settings.tokens.refresh_absolute.0,
    }
}

/// Production refuses them when the settings are checked.
fn fixed_codes(settings: &Settings) -> Vec<(EmailAddress, Code)> {
    let codes = settings.development.fixed_codes.iter();
    let parsed = codes.map(|(address, code)| {
        Some((EmailAddress::parse(address).ok()?, Code::new(code.expose_secret().to_owned())))
    });
    parsed.flatten().collect()
}

/// The budgets of all providers that are enabled and send texts.
fn text_budgets(settings: &Settings) -> HashMap<String, Rate> {
    let budget = |(name, provider): &(String, ProviderSettings)| match provider {
        ProviderSettings::Sms { enabled: true, daily_budget, .. } => Some((name.clone(), *daily_budget)),
        ProviderSettings::Email { .. }
        | ProviderSettings::Sms { .. }
        | ProviderSettings::Authenticator { .. } => None,
    };
    settings.providers.0.iter().filter_map(budget).collect()
}

fn mail_per_destination(settings: &Settings) -> Rate {
    if settings.limits.enabled { settings.limits.mail_per_destination } else { Rate(None) }
}

fn link_origins(settings: &Settings) -> LinkOrigins {
    LinkOrigins {
        public_url: settings.server.public_url.clone(),
        allowed: settings.server.allowed_origins.clone(),
    }
}

/// Whether anything is caught in the development inbox.
fn catches(settings: &Settings) -> bool {
    let catches_texts = |provider: &ProviderSettings| {
        matches!(provider, ProviderSettings::Sms { enabled: true, gateway: SmsGateway::Inbox, .. })
    };
    settings.mail.transport == Transport::Inbox || settings.providers.0.iter().any(|(_, p)| catches_texts(p))
}
