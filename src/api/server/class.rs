//! Words for requests, of which there are few, whatever clients send.

use actix_web::http::Method;

const CLASSES: [(&str, &str); 12] = [
    ("/api/accounts", "accounts"),
    ("/api/v1", "v1"),
    ("/api/companies", "companies"),
    ("/api/openapi.json", "docs"),
    ("/api/docs", "docs"),
    ("/.well-known", "well_known"),
    ("/health", "health"),
    ("/metrics", "metrics"),
    ("/dev", "dev"),
    ("/assets", "assets"),
    ("/authentication", "pages"),
    ("/not-me", "pages"),
];

/// The part of the API that a normal path belongs to.
pub(super) fn class_of(path: &str) -> &'static str {
    let below = |(root, _): &&(&str, &str)| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    CLASSES.iter().find(below).map_or("other", |(_, class)| class)
}

/// The method, if it is one that anything here answers.
pub(super) fn method_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_one_of_a_few_classes() {
        for (path, class) in [
            ("/api/accounts/login", "accounts"),
            ("/api/v1", "v1"),
            ("/api/v10", "other"),
            ("/metrics", "metrics"),
            ("/api/docs", "docs"),
            ("/api/openapi.json", "docs"),
            ("/", "other"),
            ("/.well-known/jwks.json", "well_known"),
        ] {
            assert_eq!(class_of(path), class, "{path}");
        }
        assert_eq!(method_of(&Method::from_bytes(b"BREW").unwrap()), "other");
    }
}
