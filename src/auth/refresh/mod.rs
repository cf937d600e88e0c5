//! Refresh tokens: a chain a session, rotated at each use (RFC 9700 section 4.14.2).

mod chain;

use anyhow::anyhow;
use entity::{session, user};
use log::{info, warn};
use sea_orm::{ConnectionTrait, EntityTrait as _};
use serde_json::json;

use self::chain::Exchange;
use super::event::{self, EventKind};
use super::session as sessions;
use super::transaction::{self, retried};
use super::{Auth, Client, Unexpected};
use crate::clock::Timestamp;
use crate::token::Grant;

pub(super) use chain::{begin, prune};

/// A refresh token in clear. No `Debug`, no `Serialize`: it leaves only in an answer.
#[derive(Clone)]
pub struct RefreshToken {
    /// 256 bits, base64url.
    pub token: String,
    /// From when on it is dead if nobody uses it.
    pub expires_at: Timestamp,
}

/// A session that goes on.
pub struct Refreshed {
    /// What the new access token says: roles, name and address as they are now.
    pub grant: Grant,
    /// The token for the next time.
    pub refresh: RefreshToken,
}

/// Why a session does not go on.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Unknown, run out, used before, or of a session that has ended: alike.
    #[error("invalid refresh token")]
    Invalid,
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

/// What a token is worth.
enum Worth {
    Refreshed(Box<Refreshed>),
    /// It was exchanged before: its session has been ended.
    Reused(session::Model),
    Nothing,
}

impl Auth {
    /// Exchanges a refresh token for its successor. Whoever repeats the last exchange within 30 s gets the same one: the
    /// answer may have got lost. A token that is used again otherwise was stolen, by whoever uses it now or before: its
    /// session ends.
    ///
    /// # Errors
    /// [`RefreshError`]
    pub async fn refresh(&self, token: &str, client: &Client) -> Result<Refreshed, RefreshError> {
        // A look, so that an invented token costs no transaction.
        if chain::find(&self.0.db, token).await.map_err(Unexpected::from)?.is_none() {
            return Err(RefreshError::Invalid);
        }
        match retried(|| self.exchange(token, client)).await? {
            Worth::Refreshed(refreshed) => Ok(*refreshed),
            Worth::Reused(session) => {
                warn!(user_id:% = session.user_id, session_id:% = session.id; "refresh token used again: session ended");
                Err(RefreshError::Invalid)
            }
            Worth::Nothing => Err(RefreshError::Invalid),
        }
    }

    /// One transaction: the token is used up and its successor stored, or the session ended.
    async fn exchange(&self, token: &str, client: &Client) -> Result<Worth, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let Some(row) = chain::find(&tx, token).await? else { return Ok(Worth::Nothing) };
        // First of all: it holds the session, and with it every token of the chain.
        if !sessions::touch(&tx, row.session_id, now).await? {
            return Ok(Worth::Nothing);
        }
        let (session, user) = session_and_user(&tx, row.session_id).await?;
        if user.disabled_at.is_some() {
            return Ok(Worth::Nothing);
        }
        let worth = match chain::exchange(&tx, &house.vault, token, &session, &house.sessions, now).await? {
            Exchange::Successor(refresh) => {
                let grant = sessions::grant_of(&session, &user);
                Worth::Refreshed(Box::new(Refreshed { grant, refresh }))
            }
            Exchange::RunOut => return Ok(Worth::Nothing),
            Exchange::Reused => {
                sessions::end(&tx, session.id, now).await?;
                let detail = json!({ "session": session.id, "userAgent": client.user_agent });
                event::record(&tx, user.id, EventKind::RefreshReuse, Some(client.address), &detail, now)
                    .await?;
                Worth::Reused(session)
            }
        };
        tx.commit().await?;
        Ok(worth)
    }

    /// Ends the session of a refresh token, whichever of its chain it is. One that is nobody's is answered alike.
    ///
    /// # Errors
    /// A fault.
    pub async fn logout(&self, token: &str, client: &Client) -> Result<(), Unexpected> {
        let Some(row) = chain::find(&self.0.db, token).await? else { return Ok(()) };
        if retried(|| self.end_session(row.session_id, client)).await? {
            info!(session_id:% = row.session_id; "signed out");
        }
        Ok(())
    }

    /// One transaction: the session is ended and the event left. False if it had ended already.
    async fn end_session(&self, id: uuid::Uuid, client: &Client) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if !sessions::end(&tx, id, now).await? {
            return Ok(false);
        }
        let (session, _) = session_and_user(&tx, id).await?;
        let detail = json!({ "session": id });
        event::record(&tx, session.user_id, EventKind::SignedOut, Some(client.address), &detail, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// A session that is there, and whose it is.
async fn session_and_user(
    tx: &impl ConnectionTrait,
    id: uuid::Uuid,
) -> Result<(session::Model, user::Model), Unexpected> {
    let gone = || Unexpected(anyhow!("a session or its user is gone"));
    let session = session::Entity::find_by_id(id).one(tx).await?.ok_or_else(gone)?;
    let user = user::Entity::find_by_id(session.user_id).one(tx).await?.ok_or_else(gone)?;
    Ok((session, user))
}

#[cfg(test)]
mod tests;
