//! The login server inside an app of one's own, which protects its own routes with the tokens.
//!
//! `cargo run --example embedded` listens on `[server] bind`: `/orders` is this app's, everything else is twostep's.

use actix_web::web::ServiceConfig;
use actix_web::{App, HttpResponse, HttpServer, Responder, get, post};
use serde_json::json;
use twostep::api::{CurrentUser, Denied, SignedInUser};
use twostep::settings::{Source, environment};
use twostep::startup::{self, Running, logging};

/// The app's own routes, and the login server beside them.
pub(crate) fn routes(running: &Running) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let twostep = running.configure();
    move |config| {
        config.service(orders).service(all_orders).service(pay).configure(twostep);
    }
}

/// For whoever has signed in: without a sound token the answer is 401.
#[get("/orders")]
async fn orders(user: CurrentUser) -> impl Responder {
    HttpResponse::Ok().json(json!({ "of": user.claims().email, "orders": [] }))
}

/// For administrators.
#[get("/orders/all")]
async fn all_orders(user: CurrentUser) -> Result<impl Responder, Denied> {
    user.require_role("Administrator")?;
    Ok(HttpResponse::Ok().json(json!({ "orders": [] })))
}

/// What must not be done with a token whose session was ended a minute ago.
#[post("/payments")]
async fn pay(user: SignedInUser) -> impl Responder {
    HttpResponse::Ok().json(json!({ "by": user.claims().email }))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Mail relays and gateways by TLS need it; refused when there is one already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let settings = Source::new(None, environment()?).load()?;
    let _written_at_the_end = logging::start(&settings.log);
    let bind = settings.server.bind.clone();
    let running = startup::build(settings).await?;
    running.keep_house();

    let app = running.clone();
    let server = HttpServer::new(move || App::new().configure(routes(&app))).bind(&bind)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await?;
    running.stop().await;
    Ok(())
}
