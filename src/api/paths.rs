//! Which paths are ours in an app that has others.

use super::pages;

const ROOTS: [&str; 11] = [
    "/api/accounts",
    "/api/companies",
    "/api/v1",
    "/api/openapi.json",
    "/api/docs",
    "/.well-known/jwks.json",
    "/health",
    "/metrics",
    "/dev/inbox",
    "/assets",
    "/not-me",
];
const INBOX: &str = "/dev/inbox.json";

/// Whether something here answers `path`, or anything below it.
pub(super) fn is_ours(path: &str) -> bool {
    let below = |root: &str| {
        let (Some(head), Some(rest)) = (path.get(..root.len()), path.get(root.len()..)) else { return false };
        head.eq_ignore_ascii_case(root) && (rest.is_empty() || rest.starts_with('/'))
    };
    ROOTS.iter().any(|root| below(root)) || path == INBOX || pages::has(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::document;

    #[test]
    fn every_path_of_the_document_is_ours() {
        for path in document()["paths"].as_object().unwrap().keys() {
            assert!(is_ours(path), "{path}");
        }
    }

    #[test]
    fn the_paths_of_another_app_are_left_to_it() {
        for path in [
            "/api/accounts/login",
            "/API/Accounts/Login/",
            "/api/v1/logins",
            "/health/live",
            "/",
            "/privacy",
            "/dev/inbox.json",
            "/not-me/c2FtcGxl",
        ] {
            assert!(is_ours(path), "{path}");
        }
        for path in
            ["/orders", "/api", "/api/orders", "/api/v10", "/healthy", "/.well-known/other", "/assetsé", "é"]
        {
            assert!(!is_ours(path), "{path}");
        }
    }
}
