//! The sessions of the account, and its audit trail.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde_json::{Value, json};

use crate::api::call::Call;
use crate::api::error::Problem;

pub(super) async fn list(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let sessions = call.state.auth.sessions(user.claims(), &call.client).await?;
    let body = sessions.into_iter().map(|session| {
        json!({
            "id": session.id,
            "createdAt": session.created_at,
            "lastUsedAt": session.last_used_at,
            "address": session.address,
            "userAgent": session.user_agent,
            "current": session.is_current,
        })
    });
    Ok(HttpResponse::Ok().json(body.collect::<Vec<Value>>()))
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
    let body = events.into_iter().map(|event| {
        json!({
            "id": event.id,
            "at": event.at,
            "event": event.event,
            "address": event.address,
            "detail": event.detail,
        })
    });
    Ok(HttpResponse::Ok().json(body.collect::<Vec<Value>>()))
}
