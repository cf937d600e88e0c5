//! The full API: thin adapters over `auth`, with problem+json (RFC 9457) for errors.

mod answer;
mod carriage;
mod challenges;
mod document;
mod form;
mod logins;
mod me;
mod password;
mod registrations;
mod tokens;

use std::rc::Rc;

use actix_web::dev::HttpServiceFactory;
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

pub(super) use document::operations;

use super::call::Call;
use super::error::Problem;
use super::{State, not_found, resource};

/// Every route under `/api/v1`.
pub(super) fn routes(state: &State) -> impl HttpServiceFactory + 'static {
    let signed_in = || state.sessions.signed_in();
    web::scope("/api/v1")
        .default_service(web::to(not_found))
        .service(resource("/logins", "POST").wrap(signed_in()).route(web::post().to(logins::log_in)))
        .service(
            resource("/challenges/{id}", "GET, HEAD")
                .route(web::get().to(challenges::show))
                .route(web::head().to(challenges::show)),
        )
        .service(resource("/challenges/{id}/codes", "POST").route(web::post().to(challenges::send)))
        .service(
            resource("/challenges/{id}/verify", "POST")
                .wrap(signed_in())
                .route(web::post().to(challenges::verify)),
        )
        .service(resource("/tokens/refresh", "POST").wrap(signed_in()).route(web::post().to(tokens::refresh)))
        .service(resource("/logout", "POST").wrap(signed_in()).route(web::post().to(tokens::log_out)))
        .service(me::routes())
        .service(resource("/registrations", "POST").route(web::post().to(registrations::register)))
        .service(resource("/email-confirmations", "POST").route(web::post().to(registrations::confirm)))
        .service(resource("/email-confirmations/resend", "POST").route(web::post().to(registrations::resend)))
        .service(resource("/password/forgot", "POST").route(web::post().to(password::forgot)))
        .service(resource("/password/reset", "POST").route(web::post().to(password::reset)))
}

/// Runs a use case to its end and answers, or tells the problem.
async fn handle<F>(
    request: HttpRequest,
    state: Data<State>,
    payload: Payload,
    work: impl FnOnce(Rc<Call>, Payload) -> F,
) -> HttpResponse
where
    F: Future<Output = Result<HttpResponse, Problem>> + 'static,
{
    let call = Call::begin(request, state);
    let result = call.finish(work(Rc::clone(&call), payload)).await;
    result.unwrap_or_else(|problem: Problem| problem.answer(&call.id()))
}
