//! What the program counts of itself.

use actix_web::HttpResponse;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::web::Data;
use log::error;

use super::{State, read_only};
use crate::metrics::MEDIA_TYPE;

/// GET /metrics, for Prometheus.
pub(super) fn route() -> impl HttpServiceFactory + 'static {
    read_only("/metrics", metrics)
}

async fn metrics(state: Data<State>) -> HttpResponse {
    match state.metrics.text(&(state.reading)()) {
        Ok(text) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .insert_header((CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)))
            .body(text),
        Err(cause) => {
            error!(cause:%; "the metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
