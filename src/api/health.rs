//! Health, for balancers and operators.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use actix_web::web::Data;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::openapi::{Operation, tag};
use super::work::{Deadline, finish};
use super::{State, read_only};

/// A database that takes longer to say anything counts as away.
const PATIENCE: Duration = Duration::from_secs(3);

/// GET /health/live: the process answers.
pub(super) fn live_route() -> impl HttpServiceFactory + 'static {
    read_only("/health/live", live)
}

/// GET /health/ready: the database answers; providers and gateways are named and do not count.
pub(super) fn ready_route() -> impl HttpServiceFactory + 'static {
    read_only("/health/ready", ready)
}

/// Whether it works.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthStatus)]
enum Status {
    /// It does.
    Ok,
    /// A part does not, which only those need who use it.
    Degraded,
    /// Nothing works without it.
    Unavailable,
}

/// The process answers.
#[derive(Serialize, ToSchema)]
struct Liveness {
    /// Always `ok`.
    status: Status,
}

/// What works.
#[derive(Serialize, ToSchema)]
struct Readiness {
    /// All in all.
    status: Status,
    /// The database, each provider's actor, and each gateway, by name.
    #[schema(value_type = std::collections::BTreeMap<String, Status>)]
    checks: Map<String, Value>,
}

pub(super) fn operations() -> Vec<Operation> {
    let ready = |status: &str, mail: &str, database: &str| json!({"status": status, "checks": {"database": database, "Email": "ok", "mail": mail}});
    vec![
        Operation::get("/health/live", "isAlive", "Whether the process answers")
            .tag(tag::OPERATORS)
            .answers::<Liveness>(200, "It does.", json!({"status": "ok"})),
        Operation::get("/health/ready", "isReady", "Whether it can work")
            .tag(tag::OPERATORS)
            .answers::<Readiness>(
                200,
                "The database answers; a provider or gateway may be degraded.",
                ready("degraded", "degraded", "ok"),
            )
            .answers::<Readiness>(503, "The database is away.", ready("unavailable", "ok", "unavailable"))
            .may_wait(503),
    ]
}

async fn live() -> HttpResponse {
    uncached(StatusCode::OK, &Liveness { status: Status::Ok })
}

async fn ready(state: Data<State>) -> HttpResponse {
    let patience = PATIENCE.min(state.server.request_timeout.0);
    let database = finish(Deadline::after(patience), (state.ready)()).await.unwrap_or(false);
    let parts = (state.health)();
    report(database, &parts)
}

fn report(database: bool, parts: &[(String, bool)]) -> HttpResponse {
    let mut checks = Map::new();
    let mut status = if database { Status::Ok } else { Status::Unavailable };
    checks.insert("database".to_owned(), json!(status));
    for (name, works) in parts {
        // A provider and its gateway may share a name: it is well if both are.
        let works = *works && checks.get(name).is_none_or(|earlier| *earlier == json!(Status::Ok));
        if !works && database {
            status = Status::Degraded;
        }
        checks.insert(name.clone(), json!(if works { Status::Ok } else { Status::Degraded }));
    }
    let code = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    uncached(code, &Readiness { status, checks })
}

fn uncached(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.insert_header((RETRY_AFTER, 5));
    }
    answer.json(body)
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn a_degraded_gateway_is_named_but_only_a_lost_database_is_503() {
        let parts = [("Email".to_owned(), true), ("mail".to_owned(), false)];

        let degraded = report(true, &parts);
        let away = report(false, &parts);

        assert_eq!(degraded.status(), StatusCode::OK);
        assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body: Value = serde_json::from_slice(&to_bytes(degraded.into_body()).await.unwrap()).unwrap();
        assert_eq!(
            body,
            json!({"status": "degraded", "checks": {"database": "ok", "Email": "ok", "mail": "degraded"}})
        );
    }
}
