//! The article's contract: thin adapters over `auth`. Its client must work unmodified against these six routes.

mod answer;
mod confirmation;
mod document;
mod forgot;
mod login;
mod registration;
mod reset;
mod verification;

use actix_web::dev::HttpServiceFactory;
use actix_web::web;

use super::{State, not_found, resource};

pub(super) use answer::AuthResponse;
pub(super) use document::operations;

/// The six routes.
pub(super) fn routes(state: &State) -> impl HttpServiceFactory + 'static {
    web::scope("/api/accounts")
        .default_service(web::to(not_found))
        .wrap(state.sessions.challenges())
        .service(resource("/login", "POST").route(web::post().to(login::login)))
        .service(resource("/twostepverification", "POST").route(web::post().to(verification::verify)))
        .service(resource("/registration", "POST").route(web::post().to(registration::register)))
        .service(
            resource("/emailconfirmation", "GET, HEAD")
                .route(web::get().to(confirmation::confirm))
                .route(web::head().to(confirmation::look)),
        )
        .service(resource("/forgotpassword", "POST").route(web::post().to(forgot::forgot)))
        .service(resource("/resetpassword", "POST").route(web::post().to(reset::reset)))
}
