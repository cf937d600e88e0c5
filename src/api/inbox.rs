//! The development inbox as JSON; its page is one of the built-in pages.

use actix_web::HttpResponse;
use actix_web::dev::HttpServiceFactory;
use actix_web::web::Data;

use super::error::Problem;
use super::{State, read_only};

/// GET /dev/inbox.json: what was caught, newest first.
pub(super) fn messages_route() -> impl HttpServiceFactory + 'static {
    read_only("/dev/inbox.json", messages)
}

async fn messages(state: Data<State>) -> Result<HttpResponse, Problem> {
    let inbox = state.inbox.as_ref().ok_or(Problem::NotFound)?;
    Ok(HttpResponse::Ok().json(inbox.messages()))
}
