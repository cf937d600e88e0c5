//! CORS (Fetch standard): which pages of other origins may read the answers.

use std::sync::Arc;

use actix_cors::Cors;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER};

use super::request_id;
use crate::api::ServerSettings;

const PREFLIGHT_SECONDS: usize = 600;

/// Lets the pages of `allowed_origins` and of `public_url` in. An origin that is not allowed gets its answer without the headers.
pub(in crate::api) fn cors(settings: &Arc<ServerSettings>) -> Cors {
    let origins = Arc::clone(settings);
    let any = settings.allowed_origins.iter().any(|origin| origin == "*");
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers([CONTENT_TYPE, AUTHORIZATION])
        .expose_headers([RETRY_AFTER, HeaderName::from_static(request_id::NAME)])
        .max_age(PREFLIGHT_SECONDS)
        .allowed_origin_fn(move |origin, _| any || is_allowed(&origins, origin.as_bytes()));
    // With "*" any page may ask, so none of them may use the cookies of this browser.
    if any { cors } else { cors.supports_credentials() }
}

fn is_allowed(settings: &ServerSettings, origin: &[u8]) -> bool {
    settings.allowed_origins.iter().any(|allowed| allowed.trim_end_matches('/').as_bytes() == origin)
        || settings.public_url.origin().ascii_serialization().as_bytes() == origin
}
