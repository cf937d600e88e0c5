//! What the handlers reach.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::{BrowserSessions, Docs, Origins, ServerSettings};
use crate::auth::Auth;
use crate::courier::Inbox;
use crate::limits::Limits;
use crate::metrics::{self, Metrics};
use crate::token::Tokens;

/// Tells whether the database answers.
pub type Ready = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Tells every provider's and gateway's name and whether it works.
pub type Health = Arc<dyn Fn() -> Vec<(String, bool)> + Send + Sync>;

/// Tells what `/metrics` measures at the moment of asking.
pub type Reading = Arc<dyn Fn() -> metrics::Reading + Send + Sync>;

/// What the handlers reach. Cheap to clone.
#[derive(Clone)]
pub struct State {
    /// The rules.
    pub auth: Auth,
    /// Tokens.
    pub tokens: Tokens,
    /// Request limits.
    pub limits: Limits,
    /// The development inbox; absent: `/dev/inbox` is 404.
    pub inbox: Option<Inbox>,
    /// Whether `/api/companies` is served.
    pub demo_companies: bool,
    /// Which origins are let in: live, unlike `server.allowed_origins`.
    pub origins: Origins,
    /// `[server]`
    pub server: Arc<ServerSettings>,
    /// How browser sessions are kept.
    pub sessions: BrowserSessions,
    /// A permit per request of the six routes that is worked on: one whose client has hung up keeps it to its end.
    pub room: Arc<Semaphore>,
    /// Whether the database answers.
    pub ready: Ready,
    /// Providers and gateways.
    pub health: Health,
    /// What is counted.
    pub metrics: Metrics,
    /// What the API is.
    pub docs: Docs,
    /// What is measured.
    pub reading: Reading,
}
