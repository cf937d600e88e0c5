//! The public signing keys.

use actix_web::HttpResponse;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::Data;

use super::{State, read_only};

/// GET /.well-known/jwks.json (RFC 7517 section 5)
pub(super) fn jwks_route() -> impl HttpServiceFactory + 'static {
    read_only("/.well-known/jwks.json", jwks)
}

/// A short life in caches: a new key must be found soon after it signs.
async fn jwks(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=60")))
        .json(state.tokens.jwks())
}
