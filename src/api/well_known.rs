//! The public signing keys.

use actix_web::HttpResponse;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::Data;

use serde_json::json;

use super::openapi::{Operation, tag};
use super::{State, read_only};

/// GET /.well-known/jwks.json (RFC 7517 section 5)
pub(super) fn jwks_route() -> impl HttpServiceFactory + 'static {
    read_only("/.well-known/jwks.json", jwks)
}

pub(super) fn operation() -> Operation {
    let key = json!({"type": "object", "required": ["kty"], "properties": {
        "kty": {"type": "string"}, "kid": {"type": "string"}, "alg": {"type": "string"}, "use": {"type": "string"},
    }});
    let schema = json!({
        "type": "object", "required": ["keys"], "properties": {"keys": {"type": "array", "items": key}},
    });
    let example = json!({"keys": [{"kty": "OKP", "use": "sig", "alg": "EdDSA", "kid": "b1c…", "crv": "Ed25519", "x": "11q…"}]});
    Operation::get("/.well-known/jwks.json", "getKeys", "The public keys of access tokens")
        .tag(tag::OPERATORS)
        .about("A JSON Web Key Set (RFC 7517 section 5); empty where tokens are signed with a shared secret.")
        .answers_with(200, "The keys.", "application/json", &json!({"schema": schema, "example": example}))
}

/// A short life in caches: a new key must be found soon after it signs.
async fn jwks(state: Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=60")))
        .json(state.tokens.jwks())
}
