//! The remembered devices of an account: a worried owner sees and forgets them at once.

use serde_json::json;
use uuid::Uuid;

use super::{Auth, MeError, Owner};
use crate::auth::event::{self, EventKind};
use crate::auth::transaction::{self, retried};
use crate::auth::{Client, Unexpected, device};
use crate::clock::Timestamp;
use crate::token::Claims;

/// A remembered device.
pub struct DeviceView {
    /// What it is removed by.
    pub id: Uuid,
    /// When its owner asked for it.
    pub created_at: Timestamp,
    /// From when on the second step is asked for again.
    pub expires_at: Timestamp,
    /// Address of the client that asked.
    pub address: String,
    /// Its `User-Agent`.
    pub user_agent: String,
}

impl Auth {
    /// The living remembered devices of the token's owner, newest first.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn devices(&self, claims: &Claims, client: &Client) -> Result<Vec<DeviceView>, MeError> {
        let owner = self.owner(claims, client).await?;
        let rows = device::of_user(&self.0.db, owner.user.id, self.0.clock.now()).await?;
        let views = rows.into_iter().map(|row| DeviceView {
            id: row.id,
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            address: row.address,
            user_agent: row.user_agent,
        });
        Ok(views.collect())
    }

    /// Forgets one device of the token's owner.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn forget_device(&self, claims: &Claims, client: &Client, id: Uuid) -> Result<(), MeError> {
        let owner = self.owner(claims, client).await?;
        if retried(|| self.drop_device(&owner, id)).await? { Ok(()) } else { Err(MeError::NotFound) }
    }

    /// One transaction: the device is forgotten and the event left. False if the owner has no such device.
    async fn drop_device(&self, owner: &Owner<'_>, id: Uuid) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if !device::forget(&tx, owner.user.id, id, now).await? {
            return Ok(false);
        }
        let (address, detail) = (Some(owner.client.address), json!({ "device": id }));
        event::record(&tx, owner.user.id, EventKind::DeviceForgotten, address, &detail, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}
