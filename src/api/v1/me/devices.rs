//! The remembered devices of the account.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde_json::{Value, json};

use crate::api::call::Call;
use crate::api::error::Problem;

pub(super) async fn list(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let devices = call.state.auth.devices(user.claims(), &call.client).await?;
    let body = devices.into_iter().map(|device| {
        json!({
            "id": device.id,
            "createdAt": device.created_at,
            "expiresAt": device.expires_at,
            "address": device.address,
            "userAgent": device.user_agent,
        })
    });
    Ok(HttpResponse::Ok().json(body.collect::<Vec<Value>>()))
}

pub(super) async fn forget(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let id = call.request().match_info().get("id").and_then(|id| id.parse().ok());
    call.state.auth.forget_device(user.claims(), &call.client, id.ok_or(Problem::NotFound)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
