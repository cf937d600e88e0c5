//! What the program counts of itself.

use actix_web::HttpResponse;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::web::Data;
use log::error;
use serde_json::json;

use super::openapi::{Operation, tag};
use super::{State, read_only};
use crate::metrics::MEDIA_TYPE;

/// GET /metrics, for Prometheus.
pub(super) fn route() -> impl HttpServiceFactory + 'static {
    read_only("/metrics", metrics)
}

pub(super) fn operation() -> Operation {
    let content = json!({"schema": {"type": "string"}});
    Operation::get("/metrics", "getMetrics", "What the program counts of itself")
        .tag(tag::OPERATORS)
        .about("For Prometheus. Let nobody but the scraper reach it.")
        .answers_with(200, "Prometheus' text format.", "text/plain", &content)
        .answers_nothing(500, "The metrics cannot be written; the log tells why.")
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
