//! The sessions of an account: a worried owner sees and ends them at once.

use entity::session;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use serde_json::json;
use uuid::Uuid;

use super::{Auth, MeError, Owner};
use crate::auth::event::{self, EventKind};
use crate::auth::link::{self, LinkPurpose};
use crate::auth::transaction::{self, retried};
use crate::auth::{Client, Unexpected, session as sessions, user as users};
use crate::clock::Timestamp;
use crate::token::Claims;

/// More are not listed.
const MOST: u64 = 200;

/// A session that lives.
pub struct SessionView {
    /// The `sid` of its tokens.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub last_used_at: Timestamp,
    /// Address of the client that signed in.
    pub address: String,
    /// Its `User-Agent`.
    pub user_agent: String,
    /// Whether it is the token's own.
    pub is_current: bool,
}

impl Auth {
    /// The living sessions of the token's owner, newest first.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn sessions(&self, claims: &Claims, client: &Client) -> Result<Vec<SessionView>, MeError> {
        let owner = self.owner(claims, client).await?;
        let rows = session::Entity::find()
            .filter(session::Column::UserId.eq(owner.user.id))
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(self.0.clock.now().millis()))
            .order_by_desc(session::Column::CreatedAt)
            .limit(MOST)
            .all(&self.0.db)
            .await?;
        let view = |row: session::Model| SessionView {
            is_current: row.id == claims.session_id,
            id: row.id,
            created_at: Timestamp::from_millis(row.created_at),
            last_used_at: Timestamp::from_millis(row.last_used_at),
            address: row.address,
            user_agent: row.user_agent,
        };
        Ok(rows.into_iter().map(view).collect())
    }

    /// Whether the session of a token still lives, and its user is not switched off.
    ///
    /// # Errors
    /// When the database cannot tell.
    pub async fn is_signed_in(&self, claims: &Claims) -> Result<bool, Unexpected> {
        let (db, now) = (&self.0.db, self.0.clock.now());
        let living = sessions::find_living(db, claims.session_id, now).await?;
        if living.is_none_or(|session| session.user_id != claims.user_id) {
            return Ok(false);
        }
        let user = users::find(db, claims.user_id).await?;
        Ok(user.is_some_and(|user| user.disabled_at.is_none()))
    }

    /// Ends one session of the token's owner. An address that was asked for is not taken any more: whoever used the session may
    /// have asked.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn end_one_session(&self, claims: &Claims, client: &Client, id: Uuid) -> Result<(), MeError> {
        let owner = self.owner(claims, client).await?;
        if retried(|| self.revoke(&owner, id)).await? { Ok(()) } else { Err(MeError::NotFound) }
    }

    /// One transaction: the session is ended and the event left. False if the owner has no such session that lives.
    async fn revoke(&self, owner: &Owner<'_>, id: Uuid) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let living = sessions::find_living(&tx, id, now).await?;
        if living.is_none_or(|session| session.user_id != owner.user.id)
            || !sessions::end(&tx, id, now).await?
        {
            return Ok(false);
        }
        link::kill(&tx, owner.user.id, LinkPurpose::ChangeEmail, now).await?;
        let (address, detail) = (Some(owner.client.address), json!({ "session": id }));
        event::record(&tx, owner.user.id, EventKind::SignedOut, address, &detail, now).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends every session of the token's owner but the token's own.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn end_all_other_sessions(&self, claims: &Claims, client: &Client) -> Result<(), MeError> {
        let owner = self.owner(claims, client).await?;
        Ok(retried(|| self.revoke_others(&owner)).await?)
    }

    async fn revoke_others(&self, owner: &Owner<'_>) -> Result<(), Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let others = sessions::Which::Others(owner.claims.session_id);
        let count = sessions::end_several(&tx, owner.user.id, others, now).await?;
        link::kill(&tx, owner.user.id, LinkPurpose::ChangeEmail, now).await?;
        let (address, detail) = (Some(owner.client.address), json!({ "others": count }));
        event::record(&tx, owner.user.id, EventKind::SignedOut, address, &detail, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
