//! "This was not me": the link in every code mail, by which the owner of an address disowns a sign-in.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::{challenge, event, user};
use log::warn;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{self as events, EventKind};
use super::link::{self, LinkPurpose};
use super::notice::mail_window;
use super::reset::RESET_PAGE;
use super::session::Which;
use super::transaction::{self, is_taken, retried};
use super::window::{self, Taken};
use super::{Auth, Client, LinkTarget, Unexpected, device, session, user as users};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::vault::{self, Use, Vault};

/// Bytes of a challenge's digest.
const DIGEST: usize = 32;
/// Bytes of the MAC that stand in a link.
const SEAL: usize = 16;
/// Where the page is served.
const PAGE: &str = "/not-me";

/// What a link names. It is no challenge id: whoever reads it can end a sign-in, and not complete it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    user_id: Uuid,
    digest: [u8; DIGEST],
}

/// What the button has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disowned {
    /// The session that the sign-in had opened; none if it was not completed.
    pub session: Option<Uuid>,
    /// Whether a reset link was mailed: the address may have had its mails.
    pub mailed: bool,
}

/// Why a link does nothing.
#[derive(Debug, thiserror::Error)]
pub enum NotMeError {
    /// Altered, of another installation, or so old that nothing is left of its sign-in: alike.
    #[error("invalid link")]
    InvalidLink,
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl Auth {
    /// The link for a sign-in; `digest` is the key of the challenge's row.
    pub(super) fn not_me_link(&self, user_id: Uuid, digest: &str) -> String {
        let mut bytes = [0; DIGEST];
        // The digest is one of ours: base64url of 32 bytes.
        let _ = URL_SAFE_NO_PAD.decode_slice(digest, &mut bytes);
        let token = Mark { user_id, digest: bytes }.token(&self.0.vault);
        self.page(&format!("{PAGE}/{token}"))
    }

    /// Whether the link could do something, or has: a look, which changes nothing.
    ///
    /// # Errors
    /// [`NotMeError`]
    pub async fn look_at_not_me(&self, token: &str) -> Result<(), NotMeError> {
        let house = &*self.0;
        let mark = Mark::read(&house.vault, token).ok_or(NotMeError::InvalidLink)?;
        let is_known = self.earlier(&mark).await?.is_some() || mark.has_left_anything(&house.db).await?;
        if is_known { Ok(()) } else { Err(NotMeError::InvalidLink) }
    }

    /// Disowns a sign-in: it ends whether it was completed or not, and its owner is mailed a reset link, as often as the
    /// address may be mailed. A second time it says what was done the first time, and does nothing.
    ///
    /// # Errors
    /// [`NotMeError`]
    pub async fn disown(&self, token: &str, client: &Client) -> Result<Disowned, NotMeError> {
        let house = &*self.0;
        let mark = Mark::read(&house.vault, token).ok_or(NotMeError::InvalidLink)?;
        if let Some(earlier) = self.earlier(&mark).await? {
            return Ok(earlier);
        }
        if !mark.has_left_anything(&house.db).await? {
            return Err(NotMeError::InvalidLink);
        }
        let Some((disowned, queued)) = retried(|| self.end_disowned(&mark, client)).await? else {
            return self.earlier(&mark).await?.ok_or(NotMeError::InvalidLink);
        };
        warn!(user_id:% = mark.user_id, completed = disowned.session.is_some(); "a sign-in was disowned by its owner");
        if let Some(queued) = queued {
            house.courier.wake(queued);
        }
        Ok(disowned)
    }

    /// One transaction: the challenge is closed, what came of it ended, the reset link mailed, the event left. The event's id
    /// comes from the link, so of two presses one goes on. `None`: another one was first, or the user is gone.
    async fn end_disowned(
        &self,
        mark: &Mark,
        client: &Client,
    ) -> Result<Option<(Disowned, Option<Queued>)>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        // The account first, as everybody does who writes what hangs on it.
        let Some(user) = users::hold(&tx, mark.user_id).await? else { return Ok(None) };
        // The challenge before its session: a right code that is being judged waits here, and then opens nothing, or has
        // opened what is ended below.
        mark.close_challenge(&tx, now).await?;
        let session = mark.end_what_came_of_it(&tx, now).await?;
        let queued = self.mail_reset_to(&tx, &user, now).await?;
        let disowned = Disowned { session, mailed: queued.is_some() };
        let detail = serde_json::to_value(disowned).context("cannot write an event")?;
        let (id, address) = (mark.event_id(&house.vault), Some(client.address));
        match events::record_as(&tx, id, user.id, EventKind::NotMe, address, &detail, now).await {
            Ok(()) => {}
            Err(error) if is_taken(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        tx.commit().await?;
        Ok(Some((disowned, queued)))
    }

    /// What was done when the button was pressed before.
    async fn earlier(&self, mark: &Mark) -> Result<Option<Disowned>, Unexpected> {
        let house = &*self.0;
        let found = event::Entity::find_by_id(mark.event_id(&house.vault)).one(&house.db).await?;
        let Some(event) = found else { return Ok(None) };
        Ok(Some(serde_json::from_str(&event.detail).context("an event is unreadable")?))
    }

    /// A reset link, if the account is on and its address may be mailed.
    async fn mail_reset_to(
        &self,
        tx: &impl ConnectionTrait,
        user: &user::Model,
        now: Timestamp,
    ) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        if user.disabled_at.is_some() {
            return Ok(None);
        }
        let (key, rate) = (mail_window(&house.vault, &user.email_key), **house.mail_per_destination.load());
        if window::take(tx, &key, rate, now).await? != Taken::Counted {
            return Ok(None);
        }
        let target = LinkTarget::parse(None, RESET_PAGE, &house.origins.load())
            .context("the built-in page is refused")?;
        Ok(Some(self.send_reset(tx, user, &target).await?))
    }
}

impl Mark {
    /// Reads what stands in a link; `None` for anything that [`Mark::token`] has not written with this vault.
    fn read(vault: &Vault, token: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (user_id, rest) = bytes.split_first_chunk::<16>()?;
        let (digest, seal) = rest.split_first_chunk::<DIGEST>()?;
        let mark = Self { user_id: Uuid::from_bytes(*user_id), digest: *digest };
        vault::equal(seal, &mark.mac::<SEAL>(vault, b"link")).then_some(mark)
    }

    fn token(&self, vault: &Vault) -> String {
        let seal = self.mac::<SEAL>(vault, b"link");
        URL_SAFE_NO_PAD.encode([self.user_id.as_bytes(), self.digest.as_slice(), &seal].concat())
    }

    /// Of the event that the first press leaves; it tells nothing of the link.
    fn event_id(&self, vault: &Vault) -> Uuid {
        uuid::Builder::from_random_bytes(self.mac(vault, b"event")).into_uuid()
    }

    fn mac<const N: usize>(&self, vault: &Vault, what: &[u8]) -> [u8; N] {
        const { assert!(N <= 32) };
        let whole = vault.mac(Use::NotMe, &[what, self.user_id.as_bytes(), &self.digest]);
        whole.first_chunk().copied().unwrap_or([0; N])
    }

    /// The key of the challenge's row.
    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.digest)
    }

    /// Whether the challenge, or the session it has led to, is still kept.
    async fn has_left_anything(&self, db: &impl ConnectionTrait) -> Result<bool, Unexpected> {
        let id = self.challenge();
        let challenge = challenge::Entity::find_by_id(&id).one(db).await?;
        Ok(challenge.is_some() || session::find_by_challenge(db, self.user_id, &id).await?.is_some())
    }

    async fn close_challenge(&self, tx: &impl ConnectionTrait, now: Timestamp) -> Result<(), DbErr> {
        challenge::Entity::update_many()
            .col_expr(challenge::Column::ClosedAt, Expr::value(now.millis()))
            .filter(challenge::Column::Id.eq(self.challenge()))
            .filter(challenge::Column::UserId.eq(self.user_id))
            .filter(challenge::Column::ClosedAt.is_null())
            .exec(tx)
            .await?;
        Ok(())
    }

    /// Everything that the sign-in has left behind ends here: its session and those that came of a device that it had
    /// remembered, with their refresh tokens; the device; and an address that was asked for. Tells which session was the first.
    async fn end_what_came_of_it(
        &self,
        tx: &impl ConnectionTrait,
        now: Timestamp,
    ) -> Result<Option<Uuid>, DbErr> {
        let challenge = self.challenge();
        let Some(opened) = session::find_by_challenge(tx, self.user_id, &challenge).await? else {
            return Ok(None);
        };
        session::end_several(tx, self.user_id, Which::Of(&challenge), now).await?;
        device::forget_of_challenge(tx, &challenge).await?;
        link::kill(tx, self.user_id, LinkPurpose::ChangeEmail, now).await?;
        Ok(Some(opened.id))
    }
}

#[cfg(test)]
mod tests;
