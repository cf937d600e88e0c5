//! Everything under `me`: the account of the access token.

mod devices;
mod document;
mod factors;
mod profile;
mod sessions;

use std::rc::Rc;

use actix_web::dev::HttpServiceFactory;
use actix_web::web::{self, Data, Payload};
use actix_web::{Handler, HttpRequest, HttpResponse};

pub(super) use document::operations;

use super::handle;
use crate::api::call::Call;
use crate::api::error::Problem;
use crate::api::{State, resource};

/// The routes under `/api/v1/me`.
pub(super) fn routes() -> impl HttpServiceFactory + 'static {
    web::scope("/me")
        .service(
            resource("", "GET, HEAD, PATCH, DELETE")
                .route(web::get().to(run(profile::show)))
                .route(web::head().to(run(profile::show)))
                .route(web::patch().to(run(profile::update)))
                .route(web::delete().to(run(profile::delete))),
        )
        .service(resource("/email", "POST").route(web::post().to(run(profile::ask_for_email))))
        .service(resource("/password", "PUT").route(web::put().to(run(profile::set_password))))
        .service(
            resource("/factors", "GET, HEAD")
                .route(web::get().to(run(factors::list)))
                .route(web::head().to(run(factors::list))),
        )
        .service(resource("/two-factor", "PUT").route(web::put().to(run(factors::set_two_factor))))
        .service(
            resource("/phone", "POST, DELETE")
                .route(web::post().to(run(factors::begin_phone)))
                .route(web::delete().to(run(factors::remove_phone))),
        )
        .service(resource("/phone/verify", "POST").route(web::post().to(run(factors::verify_phone))))
        .service(
            resource("/authenticator", "POST, DELETE")
                .route(web::post().to(run(factors::begin_authenticator)))
                .route(web::delete().to(run(factors::remove_authenticator))),
        )
        .service(
            resource("/authenticator/verify", "POST")
                .route(web::post().to(run(factors::verify_authenticator))),
        )
        .service(resource("/recovery-codes", "POST").route(web::post().to(run(factors::new_recovery_codes))))
        .service(
            resource("/sessions", "GET, HEAD, DELETE")
                .route(web::get().to(run(sessions::list)))
                .route(web::head().to(run(sessions::list)))
                .route(web::delete().to(run(sessions::end_others))),
        )
        .service(resource("/sessions/{id}", "DELETE").route(web::delete().to(run(sessions::end_one))))
        .service(
            resource("/devices", "GET, HEAD")
                .route(web::get().to(run(devices::list)))
                .route(web::head().to(run(devices::list))),
        )
        .service(resource("/devices/{id}", "DELETE").route(web::delete().to(run(devices::forget))))
        .service(
            resource("/events", "GET, HEAD")
                .route(web::get().to(run(sessions::events)))
                .route(web::head().to(run(sessions::events))),
        )
}

/// A handler that runs a use case over a call.
fn run<F>(
    work: impl FnOnce(Rc<Call>, Payload) -> F + Copy + 'static,
) -> impl Handler<(HttpRequest, Payload, Data<State>), Output = HttpResponse>
where
    F: Future<Output = Result<HttpResponse, Problem>> + 'static,
{
    move |request: HttpRequest, payload: Payload, state: Data<State>| handle(request, state, payload, work)
}
