//! The development inbox as JSON; its page is one of the built-in pages.

use actix_web::HttpResponse;
use actix_web::dev::HttpServiceFactory;
use actix_web::web::Data;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::Problem;
use super::openapi::{Operation, tag};
use super::{State, read_only};
use crate::clock::Timestamp;
use crate::courier::Caught;

/// GET /dev/inbox.json: what was caught, newest first.
pub(super) fn messages_route() -> impl HttpServiceFactory + 'static {
    read_only("/dev/inbox.json", messages)
}

pub(super) fn operation() -> Operation {
    let example = json!([{
        "id": "0199aa3e-5b1c-7c3a-8f10-2c1d7f0a9b11", "channel": "email", "to": "jane@example.com",
        "subject": "Your code", "text": "123456", "html": "<p>123456</p>", "code": "123456",
        "at": "2027-01-15T08:00:00Z",
    }]);
    Operation::get("/dev/inbox.json", "listCaughtMessages", "List what the inbox has caught")
        .tag(tag::DEVELOPMENT)
        .about("Only in development, where mails or texts are caught instead of sent; 404 elsewhere.")
        .problems([Problem::NotFound])
        .answers_list::<Body>(200, "The last 500 messages, newest first.", example)
}

/// A message that was caught instead of sent.
#[derive(Serialize, ToSchema)]
#[schema(as = CaughtMessage)]
struct Body {
    /// Unique.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// `email`, `sms` or `custom`.
    channel: &'static str,
    /// Mail address or number.
    to: String,
    /// Empty for texts.
    subject: String,
    /// In plain text.
    text: String,
    /// Empty for texts.
    html: String,
    /// The code in it, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    code: Option<String>,
    /// When it was queued.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl From<Caught> for Body {
    fn from(caught: Caught) -> Self {
        let Caught { id, channel, to, subject, text, html, code, at } = caught;
        Self { id, channel, to, subject, text, html, code, at }
    }
}

async fn messages(state: Data<State>) -> Result<HttpResponse, Problem> {
    let inbox = state.inbox.as_ref().ok_or(Problem::NotFound)?;
    Ok(HttpResponse::Ok().json(inbox.messages().into_iter().map(Body::from).collect::<Vec<_>>()))
}
