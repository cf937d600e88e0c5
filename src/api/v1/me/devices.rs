//! The remembered devices of the account.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::call::Call;
use crate::api::error::Problem;
use crate::auth::DeviceView;
use crate::clock::Timestamp;

/// A device that is spared the second step.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Device)]
pub(super) struct Body {
    /// What it is removed by.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// When its owner asked for it.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From when on the second step is asked for again.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Address of the client that asked.
    address: String,
    /// Its `User-Agent`.
    user_agent: String,
}

impl From<DeviceView> for Body {
    fn from(device: DeviceView) -> Self {
        Self {
            id: device.id,
            created_at: device.created_at,
            expires_at: device.expires_at,
            address: device.address,
            user_agent: device.user_agent,
        }
    }
}

pub(super) async fn list(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let devices = call.state.auth.devices(user.claims(), &call.client).await?;
    Ok(HttpResponse::Ok().json(devices.into_iter().map(Body::from).collect::<Vec<_>>()))
}

pub(super) async fn forget(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let id = call.request().match_info().get("id").and_then(|id| id.parse().ok());
    call.state.auth.forget_device(user.claims(), &call.client, id.ok_or(Problem::NotFound)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
