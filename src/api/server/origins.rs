//! Which pages of other origins are let in; changed while the program runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use url::Url;

use crate::api::ServerSettings;

/// The origin of `public_url` and `allowed_origins`. Cheap to clone.
#[derive(Clone)]
pub struct Origins {
    own: Arc<[String]>,
    allowed: Arc<ArcSwap<Vec<String>>>,
}

impl Origins {
    /// As `settings` have it.
    #[must_use]
    pub fn new(settings: &ServerSettings) -> Self {
        let allowed = Arc::new(ArcSwap::from_pointee(settings.allowed_origins.clone()));
        Self { own: own(&settings.public_url).into(), allowed }
    }

    /// Lets in `allowed`, and nobody else, from now on.
    pub fn allow(&self, allowed: &[String]) {
        self.allowed.store(Arc::new(allowed.to_vec()));
    }

    /// Whether `origin`, as a browser sends it, is let in by name: "*" does not name it.
    #[must_use]
    pub fn names(&self, origin: &[u8]) -> bool {
        let is_it = |allowed: &String| allowed.trim_end_matches('/').as_bytes() == origin;
        self.own.iter().any(is_it) || self.allowed.load().iter().any(is_it)
    }

    /// Whether any page may ask: development only.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.allowed.load().iter().any(|origin| origin == "*")
    }
}

/// The origin of `public_url`. This machine has three names, and people type any of them.
fn own(public_url: &Url) -> Vec<String> {
    const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
    if !public_url.host_str().is_some_and(|host| LOOPBACK.contains(&host)) {
        return vec![public_url.origin().ascii_serialization()];
    }
    let named = |host: &str| {
        let mut url = public_url.clone();
        url.set_host(Some(host)).ok().map(|()| url.origin().ascii_serialization())
    };
    LOOPBACK.into_iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_let_in_by_any_of_its_names_and_only_at_its_port() {
        let origins =
            Origins::new(&ServerSettings::sample("http://localhost:5001", "https://app.example.com"));

        for origin in
            ["http://localhost:5001", "http://127.0.0.1:5001", "http://[::1]:5001", "https://app.example.com"]
        {
            assert!(origins.names(origin.as_bytes()), "{origin}");
        }
        for origin in ["http://localhost", "https://localhost:5001", "http://127.0.0.2:5001", "null", ""] {
            assert!(!origins.names(origin.as_bytes()), "{origin}");
        }
    }

    #[test]
    fn a_public_name_has_no_other() {
        let origins = Origins::new(&ServerSettings::sample("https://login.example.com", ""));

        assert!(origins.names(b"https://login.example.com"));
        assert!(!origins.names(b"http://localhost:5001") && !origins.names(b"https://localhost"));
    }
}
