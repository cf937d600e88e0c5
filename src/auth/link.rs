//! Links sent by mail: where they may point, what they carry, and how they are used up once.

use url::Url;

/// Where links may point: the origin of `public_url` and those of `allowed_origins`.
#[derive(Clone, Debug)]
pub struct LinkOrigins {
    /// Base of the built-in pages.
    pub public_url: Url,
    /// `scheme://host[:port]` of every allowed origin.
    pub allowed: Vec<String>,
}

/// A checked place for a link to start at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget(Url);

impl LinkTarget {
    /// Checks a request's `clientURI`; absent: the built-in page `page` (a path such as `/authentication/emailconfirmation`).
    ///
    /// # Errors
    /// When its origin is not allowed, or it has userinfo, backslashes, white space, control characters or a fragment.
    pub fn parse(client_uri: Option<&str>, page: &str, origins: &LinkOrigins) -> Result<Self, RefusedTarget> {
        todo!()
    }
}

/// The `clientURI` may not be linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the clientURI is not allowed")]
pub struct RefusedTarget;
