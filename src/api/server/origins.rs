//! Which pages of other origins are let in; changed while the program runs.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::api::ServerSettings;

/// The origin of `public_url` and `allowed_origins`. Cheap to clone.
#[derive(Clone)]
pub struct Origins {
    own: Arc<str>,
    allowed: Arc<ArcSwap<Vec<String>>>,
}

impl Origins {
    /// As `settings` have it.
    #[must_use]
    pub fn new(settings: &ServerSettings) -> Self {
        let allowed = Arc::new(ArcSwap::from_pointee(settings.allowed_origins.clone()));
        Self { own: settings.public_url.origin().ascii_serialization().into(), allowed }
    }

    /// Lets in `allowed`, and nobody else, from now on.
    pub fn allow(&self, allowed: &[String]) {
        self.allowed.store(Arc::new(allowed.to_vec()));
    }

    /// Whether `origin`, as a browser sends it, is let in by name: "*" does not name it.
    #[must_use]
    pub fn names(&self, origin: &[u8]) -> bool {
        let is_it = |allowed: &String| allowed.trim_end_matches('/').as_bytes() == origin;
        self.own.as_bytes() == origin || self.allowed.load().iter().any(is_it)
    }

    /// Whether any page may ask: development only.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.allowed.load().iter().any(|origin| origin == "*")
    }
}
