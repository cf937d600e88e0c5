//! The parts of a running server.

use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::ServiceConfig;
use arc_swap::ArcSwap;
use log::warn;
use sea_orm::DatabaseConnection;
use tokio::sync::Semaphore;

use super::reload::Reloading;
use crate::api::{self, State};
use crate::auth::Auth;
use crate::courier::{Courier, Dispatcher, Inbox};
use crate::limits::Limits;
use crate::metrics::{self, Metrics};
use crate::settings::Settings;
use crate::token::Tokens;

/// The parts of a running server, all but the socket. Cheap to clone.
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
    pub(super) limits: Limits,
    pub(super) courier: Courier,
    pub(super) dispatcher: Dispatcher,
    pub(super) settings: Arc<ArcSwap<Settings>>,
    pub(super) metrics: Metrics,
    pub(super) cors: api::Origins,
    pub(super) reloading: Arc<Reloading>,
    pub(super) server: Arc<api::ServerSettings>,
    pub(super) room: Arc<Semaphore>,
    pub(super) sessions: api::BrowserSessions,
    pub(super) docs: api::Docs,
}

impl Running {
    /// The app that `serve`, tests and benches start, one per worker.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = actix_web::Error,
            InitError = (),
        > + use<>,
    > {
        api::app(self.state())
    }

    /// Everything that [`Running::app`] answers, for an app of your own: `App::new().configure(running.configure())`. Its answers have the
    /// CORS headers, security headers and request ids that they have there; what you register before it wins, and what neither
    /// answers is yours. [`api::CurrentUser`] works in your handlers. Call [`Running::keep_house`] once, and [`Running::stop`] at the end.
    pub fn configure(&self) -> impl FnOnce(&mut ServiceConfig) + use<> {
        let state = self.state();
        move |config| api::configure(config, state)
    }

    fn state(&self) -> State {
        State {
            auth: self.auth.clone(),
            tokens: self.tokens.clone(),
            limits: self.limits.clone(),
            inbox: self.inbox.clone(),
            demo_companies: self.settings.load().development.demo_companies,
            origins: self.cors.clone(),
            server: self.server.clone(),
            sessions: self.sessions.clone(),
            room: Arc::clone(&self.room),
            ready: self.ready(),
            health: self.health(),
            metrics: self.metrics.clone(),
            docs: self.docs.clone(),
            reading: self.reading(),
        }
    }

    fn ready(&self) -> api::Ready {
        let db = self.db.clone();
        Arc::new(move || {
            let db = db.clone();
            Box::pin(async move { db.ping().await.is_ok() })
        })
    }

    fn health(&self) -> api::Health {
        let (auth, dispatcher, limits) = (self.auth.clone(), self.dispatcher.clone(), self.limits.clone());
        Arc::new(move || {
            let redis = limits.health().map(|works| ("redis".to_owned(), works));
            [auth.providers_health(), dispatcher.health()].concat().into_iter().chain(redis).collect()
        })
    }

    fn reading(&self) -> api::Reading {
        let (auth, dispatcher) = (self.auth.clone(), self.dispatcher.clone());
        Arc::new(move || metrics::Reading {
            hash_queue: auth.hash_queue(),
            providers: auth.providers_health(),
            gateways: dispatcher.health(),
            breakers: dispatcher.breakers(),
            budgets: auth.text_budgets(),
        })
    }

    /// Finishes the hand-overs in flight, for at most `shutdown_timeout`.
    pub async fn stop(&self) {
        self.stop_within(self.server.shutdown_timeout.0).await;
    }

    /// Finishes the hand-overs in flight, for at most `patience`.
    pub(super) async fn stop_within(&self, patience: Duration) {
        self.tokens.stop_watching().await;
        self.dispatcher.stop(patience).await;
    }

    /// Hourly housekeeping, until the process ends: rows that nothing can use any more. Must run in an actix system.
    pub fn keep_house(&self) {
        const HOUR: Duration = Duration::from_hours(1);
        let running = self.clone();
        actix_web::rt::spawn(async move {
            loop {
                tokio::time::sleep(HOUR).await;
                running.limits.prune();
                if let Err(error) = running.auth.prune().await {
                    warn!(error:% = error; "old rows not removed");
                }
                if let Err(error) = running.courier.prune().await {
                    warn!(error:% = error; "old messages not removed");
                }
            }
        });
    }
}
