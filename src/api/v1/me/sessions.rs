//! The sessions of the account, and its audit trail.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::call::Call;
use crate::api::error::Problem;
use crate::auth::{EventView, SessionView};
use crate::clock::Timestamp;

/// A sign-in that has not ended.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub(super) struct SessionBody {
    /// The `sid` of its tokens.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last refreshed.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// Address of the client that signed in.
    address: String,
    /// Its `User-Agent`.
    user_agent: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// Something that happened to the account.
#[derive(Serialize, ToSchema)]
#[schema(as = Event)]
pub(super) struct EventBody {
    /// Unique, and worth nothing.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What, in a word that does not change: `signed_in`, `refresh_reuse` and others.
    event: String,
    /// Address of the client; empty if no request caused it.
    address: String,
    /// More of it, masked; its members depend on the event.
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<SessionView> for SessionBody {
    fn from(session: SessionView) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            address: session.address,
            user_agent: session.user_agent,
            current: session.is_current,
        }
    }
}

impl From<EventView> for EventBody {
    fn from(event: EventView) -> Self {
        let EventView { id, at, event, address, detail } = event;
        Self { id, at, event, address, detail }
    }
}

pub(super) async fn list(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let sessions = call.state.auth.sessions(user.claims(), &call.client).await?;
    Ok(HttpResponse::Ok().json(sessions.into_iter().map(SessionBody::from).collect::<Vec<_>>()))
}

pub(super) async fn end_one(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let id = call.request().match_info().get("id").and_then(|id| id.parse().ok());
    let id = id.ok_or(Problem::NotFound)?;
    call.state.auth.end_one_session(user.claims(), &call.client, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn end_others(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    call.state.auth.end_all_other_sessions(user.claims(), &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn events(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let events = call.state.auth.events(user.claims(), &call.client).await?;
    Ok(HttpResponse::Ok().json(events.into_iter().map(EventBody::from).collect::<Vec<_>>()))
}
