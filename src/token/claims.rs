//! What an access token says.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;

/// How somebody signed in (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A password.
    Pwd,
    /// A one-time code.
    Otp,
    /// A recovery code.
    Recovery,
}

/// What a token is minted from.
#[derive(Clone, Debug)]
pub struct Grant {
    /// `sub`
    pub user_id: Uuid,
    /// `email`
    pub email: String,
    /// `name`: first and last name, or the address.
    pub name: String,
    /// `roles`
    pub roles: Vec<String>,
    /// `sid`
    pub session_id: Uuid,
    /// `amr`
    pub methods: Vec<Method>,
    /// `auth_time`
    pub auth_time: Timestamp,
}

/// A minted token.
pub struct AccessToken {
    /// The JWT, compact serialisation (RFC 7515 section 7.1).
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The checked claims of a token.
#[derive(Clone, Debug)]
pub struct Claims {
    /// `sub`
    pub user_id: Uuid,
    /// `sid`
    pub session_id: Uuid,
    /// `email`
    pub email: String,
    /// `roles`
    pub roles: Vec<String>,
    /// `amr`
    pub methods: Vec<Method>,
    /// `auth_time`
    pub auth_time: Timestamp,
    /// `exp`
    pub expires_at: Timestamp,
    /// Every claim as it stands in the token, in its order.
    pub all: serde_json::Map<String, serde_json::Value>,
}

/// A token was not accepted; why is for nobody but the log at debug level.
#[derive(Debug, thiserror::Error)]
#[error("token rejected: {0}")]
pub struct Rejected(pub &'static str);
