//! HTTP only: routes, bodies, errors, extractors, and what wraps every request.

mod settings;

use actix_web::web::ServiceConfig;

use crate::auth::Auth;
use crate::courier::Inbox;
use crate::limits::Limits;
use crate::token::Tokens;

pub use settings::ServerSettings;

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
    /// `[server]`
    pub server: std::sync::Arc<ServerSettings>,
    /// Whether cookies are `Secure`: `public_url` is https.
    pub secure_cookies: bool,
    /// The key of session cookies, 64 bytes from the vault.
    pub cookie_key: std::sync::Arc<zeroize::Zeroizing<[u8; 64]>>,
}

/// Adds every route.
pub fn configure(config: &mut ServiceConfig, state: &State) {
    todo!()
}
