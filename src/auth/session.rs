//! Sign-ins: one row each.

use std::net::IpAddr;
use std::time::Duration;

use entity::{session, user};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait as _};
use uuid::Uuid;

use super::account::full_name;
use super::user::roles_of;
use crate::clock::Timestamp;
use crate::token::{Grant, Method};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address, behind trusted proxies the last untrusted hop.
    pub address: IpAddr,
    /// Its `User-Agent`, cut to 255 bytes; may be empty.
    pub user_agent: String,
}

/// A completed sign-in.
pub struct SignIn {
    /// What the token says.
    pub grant: Grant,
    /// The new value of the known-browser cookie.
    pub known_browser: String,
}

/// Stores a session in the transaction that completes the sign-in.
pub(super) async fn open(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    client: &Client,
    methods: Vec<Method>,
    lifetime: Duration,
    now: Timestamp,
) -> Result<Grant, DbErr> {
    let id = Uuid::new_v4();
    let row = session::ActiveModel {
        id: Set(id),
        user_id: Set(user.id),
        methods: Set(serde_json::to_string(&methods).unwrap_or_default()),
        auth_time: Set(now.millis()),
        address: Set(client.address.to_string()),
        user_agent: Set(client.user_agent.clone()),
        created_at: Set(now.millis()),
        last_used_at: Set(now.millis()),
        expires_at: Set(now.plus(lifetime).millis()),
        ended_at: Set(None),
    };
    session::Entity::insert(row).exec_without_returning(tx).await?;
    let name = full_name(user);
    Ok(Grant {
        user_id: user.id,
        email: user.email.clone(),
        name: if name.is_empty() { user.email.clone() } else { name },
        roles: roles_of(user),
        session_id: id,
        methods,
        auth_time: now,
    })
}
