//! CORS (Fetch standard): which pages of other origins may read the answers.

use actix_cors::Cors;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER,
};

use super::{Origins, request_id};

const PREFLIGHT_SECONDS: usize = 600;

/// Lets the pages of `origins` in. An origin that is not allowed gets its answer without the headers.
pub(in crate::api) fn cors(origins: &Origins) -> Cors {
    let origins = origins.clone();
    Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([CONTENT_TYPE, AUTHORIZATION])
        .expose_headers([RETRY_AFTER, HeaderName::from_static(request_id::NAME)])
        .max_age(PREFLIGHT_SECONDS)
        .allowed_origin_fn(move |origin, _| origins.is_any() || origins.names(origin.as_bytes()))
        .supports_credentials()
}

/// With "*" any page may ask, so none of them may use the cookies of this browser.
pub(super) fn withhold_cookies(headers: &mut HeaderMap, origins: &Origins) {
    if origins.is_any() {
        headers.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
    }
}
