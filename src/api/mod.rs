//! HTTP only: routes, bodies, errors, extractors, and what wraps every request.

mod accounts;
mod body;
mod browser_store;
mod call;
mod companies;
mod cookies;
mod current_user;
mod error;
mod health;
mod inbox;
mod language;
mod metrics;
mod not_me;
mod openapi;
mod pages;
mod paths;
mod server;
mod settings;
mod state;
mod v1;
mod well_known;
mod work;

use std::future::ready;

use actix_web::body::MessageBody;
use actix_web::dev::{HttpServiceFactory, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, FromRequest, Handler, Resource, Responder, guard};

pub use cookies::BrowserSessions;
pub use current_user::{CurrentUser, Denied, SignedInUser};
pub use openapi::{Docs, document};
pub use server::Origins;
pub use settings::ServerSettings;
pub use state::{Health, Reading, Ready, State};

use error::Problem;

/// The whole app: what `serve`, tests and benches start, once per worker.
pub fn app(
    state: State,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let shell = server::Shell::new(&state.server, &state.origins, &state.metrics);
    let cors = server::cors(&state.origins);
    let state = Data::new(state);
    App::new()
        .app_data(Data::clone(&state))
        .configure(|config| routes(config, &state))
        .default_service(web::to(not_found))
        .wrap(cors)
        .wrap_fn(move |request, next| shell.around(request, next))
}

/// Adds everything to another app, with what [`app`] wraps it in; paths that are none of ours stay that app's.
pub fn configure(config: &mut ServiceConfig, state: State) {
    let shell = server::Shell::new(&state.server, &state.origins, &state.metrics);
    let cors = server::cors(&state.origins);
    let state = Data::new(state);
    let ours = web::scope("")
        .guard(guard::fn_guard(|context| paths::is_ours(context.head().uri.path())))
        .configure(|config| routes(config, &state))
        .default_service(web::to(not_found))
        .wrap(cors)
        .wrap_fn(move |request, next| shell.around(request, next));
    // Beside the scope: handlers of that app find out who asks.
    config.app_data(state).service(ours);
}

/// Adds every route; the ones asked most come first, because they are looked for in order.
fn routes(config: &mut ServiceConfig, state: &State) {
    if state.demo_companies {
        config.service(companies::list_route()).service(companies::privacy_route());
    }
    config.service(accounts::routes(state)).service(v1::routes(state));
    config.service(well_known::jwks_route()).service(health::live_route()).service(health::ready_route());
    config.service(metrics::route());
    config.service(openapi::document_route()).service(openapi::page_route());
    if state.inbox.is_some() {
        config.service(inbox::messages_route());
    }
    config.service(not_me::route());
    pages::configure(config, state.inbox.is_some());
}

/// What no route answers.
async fn not_found() -> Problem {
    Problem::NotFound
}

/// A resource that is only read: GET and HEAD by `handler`, 405 for the rest.
fn read_only<F, Args>(path: &str, handler: F) -> impl HttpServiceFactory + 'static + use<F, Args>
where
    F: Handler<Args, Output: Responder + 'static>,
    Args: FromRequest + 'static,
{
    resource(path, "GET, HEAD").route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// A resource that refuses every method it has no route for, and tells the ones in `allow`.
fn resource(path: &str, allow: &'static str) -> Resource {
    let refuse = move |method: Method| ready(error::other_method(&method, allow));
    web::resource(path).default_service(web::to(refuse))
}
