//! The headers that a browser needs to be safe with an answer.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, PERMISSIONS_POLICY,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

/// Nothing in an answer of the API is ever run, shown in a frame or loaded from.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The built-in pages load their own scripts and styles, and talk to their own server. None of them ever makes markup of a
/// text: a browser with Trusted Types lets no script do it.
const OWN_FILES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'",
);

const NO_FEATURES: HeaderValue = HeaderValue::from_static(
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
);

/// Adds what every answer carries. `no_store`: it may hold something that no cache should keep.
pub(super) fn dress(headers: &mut HeaderMap, no_store: bool, https: bool) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, NOTHING);
    }
    if no_store {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// Adds what a page carries besides.
pub(in crate::api) fn dress_page(page: &mut HttpResponseBuilder) {
    page.insert_header((CONTENT_SECURITY_POLICY, OWN_FILES));
    page.insert_header((PERMISSIONS_POLICY, NO_FEATURES));
    page.insert_header((HeaderName::from_static("cross-origin-opener-policy"), "same-origin"));
}
