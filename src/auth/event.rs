//! The audit trail.

use std::net::IpAddr;

use entity::event::{ActiveModel, Entity};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait as _};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Client;
use super::me::Change;
use crate::clock::Timestamp;
use crate::token::Grant;

/// What the column holds, in characters.
const LONGEST_DETAIL: usize = 1024;

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    /// Somebody registered it, or registered it again before it was confirmed.
    Registered,
    /// Its confirmed address was registered by somebody.
    RegistrationTried,
    /// Its address was confirmed by a mailed link.
    EmailConfirmed,
    /// A sign-in was completed.
    SignedIn,
    /// The password was changed by a mailed link.
    PasswordReset,
    /// A session was ended by its owner.
    SignedOut,
    /// A refresh token came again that had been exchanged: its session was ended.
    RefreshReuse,
    /// A completed sign-in asked for its device to be remembered.
    DeviceRemembered,
    /// Its owner had a remembered device forgotten.
    DeviceForgotten,
    /// Its owner has disowned a sign-in.
    NotMe,
    /// Wrong passwords have locked it.
    LockedOut,
    /// Wrong codes have switched a factor off.
    FactorDisabled,
    /// Its owner changed something.
    Changed(Change),
    /// Its owner changed what the profile says.
    ProfileChanged,
    /// An operator made it.
    UserAdded,
    /// An operator changed it.
    UserChanged,
}

impl EventKind {
    /// The stable name in the database and in answers.
    fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::RegistrationTried => "registration_tried",
            Self::EmailConfirmed => "email_confirmed",
            Self::SignedIn => "signed_in",
            Self::PasswordReset => "password_reset",
            Self::SignedOut => "signed_out",
            Self::RefreshReuse => "refresh_reuse",
            Self::DeviceRemembered => "device_remembered",
            Self::DeviceForgotten => "device_forgotten",
            Self::NotMe => "not_me",
            Self::LockedOut => "locked_out",
            Self::FactorDisabled => "factor_disabled",
            Self::Changed(change) => change.as_str(),
            Self::ProfileChanged => "profile_changed",
            Self::UserAdded => "user_added",
            Self::UserChanged => "user_changed",
        }
    }
}

/// Adds an event to the trail of `user_id`. `address` is the client's, where there is one; `detail` is an object
/// without secrets.
pub(super) async fn record(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    event: EventKind,
    address: Option<IpAddr>,
    detail: &Value,
    now: Timestamp,
) -> Result<(), DbErr> {
    // Of what happened in one millisecond, what was recorded later has the greater id.
    record_as(tx, Uuid::now_v7(), user_id, event, address, detail, now).await
}

/// [`record`] under an id of the caller's: what is recorded twice under one is refused, as a key that is taken.
pub(super) async fn record_as(
    tx: &impl ConnectionTrait,
    id: Uuid,
    user_id: Uuid,
    event: EventKind,
    address: Option<IpAddr>,
    detail: &Value,
    now: Timestamp,
) -> Result<(), DbErr> {
    let detail = detail.to_string();
    let fits = detail.chars().count() <= LONGEST_DETAIL;
    let row = ActiveModel {
        id: Set(id),
        user_id: Set(user_id),
        at: Set(now.millis()),
        event: Set(event.as_str().to_owned()),
        address: Set(address.map(|address| address.to_string()).unwrap_or_default()),
        detail: Set(if fits { detail } else { "{}".to_owned() }),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Records a completed sign-in.
pub(super) async fn signed_in(
    tx: &impl ConnectionTrait,
    user_id: Uuid,
    client: &Client,
    grant: &Grant,
    now: Timestamp,
) -> Result<(), DbErr> {
    let detail =
        json!({ "session": grant.session_id, "methods": grant.methods, "userAgent": client.user_agent });
    record(tx, user_id, EventKind::SignedIn, Some(client.address), &detail, now).await
}
