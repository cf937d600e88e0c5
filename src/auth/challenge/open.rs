//! A right password opens a challenge, and sends a code by the provider that the user prefers.

use std::borrow::Cow;

use entity::{challenge, user};
use log::info;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait as _};

use super::codes::{self, Asked, NewCode, Outgoing};
use super::offers::{Offers, is_sent};
use super::{ChallengeId, ChallengeView};
use crate::auth::error::{BUSY_FOR, Trouble};
use crate::auth::transaction::{self, retried};
use crate::auth::window::Taken;
use crate::auth::{Auth, Busy, Client, LoginError, SessionKind, Unexpected, user as users};
use crate::clock::Timestamp;
use crate::courier::{DeliveryStatus, Queued};
use crate::otp::{Offer, Purpose};

/// How often a challenge is opened anew because its number was given up meanwhile.
const MOST_ROUNDS: u32 = 3;

/// The failure of a message whose destination, or whose budget, had its messages.
pub(super) const SPENT: &str = "too_many_sends";

/// A challenge on its way into the database.
pub(super) struct Opening<'a> {
    pub user: &'a user::Model,
    pub client: &'a Client,
    pub offer: &'a Offer,
    pub digest: &'a str,
    pub purpose: Purpose,
    /// Nothing for a code that the user has already.
    pub outgoing: Option<&'a Outgoing>,
    pub now: Timestamp,
    pub expires_at: Timestamp,
}

/// What was written, which counts once it is committed.
pub(super) enum Written {
    Row(Box<challenge::Model>, Option<Queued>),
    /// Not to be committed: the destination has had its messages.
    Spent(Busy),
}

/// What was stored.
enum Stored {
    Sent(Box<challenge::Model>, Option<Queued>),
    /// The destination has had its messages.
    Spent(Busy),
    /// The account has changed since its password was checked.
    Changed,
    /// It has another number than the one that was to be texted.
    GivenUp,
}

impl Auth {
    /// Asks which providers are valid for `user`, and opens a challenge with a code by the preferred one.
    ///
    /// Where the destination has had its messages, the article's face says so and opens nothing; the full API opens a
    /// challenge whose message has failed, so that another provider can be used.
    pub(in crate::auth) async fn open_challenge(
        &self,
        user: &user::Model,
        client: &Client,
        session: SessionKind,
    ) -> Result<ChallengeView, LoginError> {
        let mut user = Cow::Borrowed(user);
        for _ in 0..MOST_ROUNDS {
            if let Some(opened) = self.open_for(&user, client, session).await? {
                return Ok(opened);
            }
            let now = users::still_good(&self.0.db, &user).await?;
            user = Cow::Owned(now.ok_or(LoginError::InvalidCredentials)?);
        }
        Err(LoginError::Busy(Busy { retry_after: BUSY_FOR }))
    }

    /// `None` if the number that was to be texted was given up meanwhile.
    async fn open_for(
        &self,
        user: &user::Model,
        client: &Client,
        session: SessionKind,
    ) -> Result<Option<ChallengeView>, LoginError> {
        let house = &*self.0;
        let offers = self.offers_for(user).await?;
        let offer = self.preferred(user, &offers).ok_or(LoginError::NoValidProvider)?.clone();
        let now = house.clock.now();
        let expires_at = now.plus(house.two_step.load().code_lifetime.0);
        let id = ChallengeId::draw();
        let digest = id.digest();
        let purpose = Purpose::SignIn;
        let asked = Asked { challenge: &digest, user_id: user.id, purpose, client, expires_at };
        let outgoing = self.first_code(user, &offers, &offer, &asked).await?;

        let opening = Opening {
            user,
            client,
            offer: &offer,
            digest: &digest,
            purpose,
            outgoing: outgoing.as_ref(),
            now,
            expires_at,
        };
        let mut status = DeliveryStatus::Queued;
        let row = match (retried(|| self.store_challenge(&opening, false)).await?, session) {
            (Stored::Sent(row, queued), _) => {
                if let Some(queued) = queued {
                    house.courier.wake(queued);
                }
                row
            }
            (Stored::Spent(busy), SessionKind::AccessOnly) => return Err(LoginError::TooManyCodes(busy)),
            (Stored::Spent(_), SessionKind::Refreshable) => {
                status = DeliveryStatus::Failed;
                match retried(|| self.store_challenge(&opening, true)).await? {
                    Stored::Sent(row, _) => row,
                    Stored::GivenUp => return Ok(None),
                    Stored::Spent(_) | Stored::Changed => return Err(LoginError::InvalidCredentials),
                }
            }
            (Stored::Changed, _) => return Err(LoginError::InvalidCredentials),
            (Stored::GivenUp, _) => return Ok(None),
        };
        info!(user_id:% = user.id, provider = offer.provider.as_str(); "second step asked for");
        let sent = outgoing.as_ref().map(|outgoing| (outgoing, status));
        Ok(Some(self.view_of_new(id, *row, user, offers, sent)))
    }

    async fn first_code(
        &self,
        user: &user::Model,
        offers: &Offers,
        offer: &Offer,
        asked: &Asked<'_>,
    ) -> Result<Option<Outgoing>, Trouble> {
        if !is_sent(offer.kind) {
            return Ok(None);
        }
        Ok(Some(self.compose(offers, offer, self.draw_code(user), asked).await?))
    }

    /// One transaction: the challenge, its code and its message.
    async fn store_challenge(&self, opening: &Opening<'_>, refused: bool) -> Result<Stored, Unexpected> {
        let tx = transaction::begin(&self.0.db).await?;
        let Some(user) = users::still_good(&tx, opening.user).await? else { return Ok(Stored::Changed) };
        if users::has_given_up(opening.user, &user, &opening.offer.destination.address) {
            return Ok(Stored::GivenUp);
        }
        match self.write_challenge(&tx, opening, refused).await? {
            Written::Row(row, queued) => {
                tx.commit().await?;
                Ok(Stored::Sent(row, queued))
            }
            Written::Spent(busy) => Ok(Stored::Spent(busy)),
        }
    }

    /// In the caller's transaction: the message is counted on its destination, and stored with the challenge and its code.
    /// With `refused` it is not counted, and stored as one that failed.
    pub(super) async fn write_challenge(
        &self,
        tx: &impl ConnectionTrait,
        opening: &Opening<'_>,
        refused: bool,
    ) -> Result<Written, Unexpected> {
        let (house, now) = (&*self.0, opening.now);
        let row = Box::new(opening.insert(tx, !refused).await?);
        let Some(outgoing) = opening.outgoing else { return Ok(Written::Row(row, None)) };
        let (message_id, queued) = if refused {
            (house.courier.enqueue_refused(tx, &outgoing.message, SPENT, now).await?, None)
        } else {
            if let Taken::Full { retry_after } =
                self.count_send(tx, opening.offer, opening.purpose, now).await?
            {
                return Ok(Written::Spent(Busy { retry_after }));
            }
            let queued = house.courier.enqueue(tx, &outgoing.message, now).await?;
            (queued.id, Some(queued))
        };
        let code = NewCode {
            challenge: opening.digest,
            purpose: opening.purpose,
            provider: &opening.offer.provider,
            outgoing,
            message_id,
            now,
        };
        codes::insert(tx, &code.row(&house.vault)).await?;
        Ok(Written::Row(row, queued))
    }
}

impl Opening<'_> {
    async fn insert(&self, tx: &impl ConnectionTrait, sends: bool) -> Result<challenge::Model, DbErr> {
        let row = challenge::Model {
            id: self.digest.to_owned(),
            user_id: self.user.id,
            purpose: self.purpose.as_str().to_owned(),
            provider: self.offer.provider.clone(),
            security_stamp: self.user.security_stamp.clone(),
            client_address: self.client.address.to_string(),
            attempts: 0,
            sends: i32::from(sends && self.outgoing.is_some()),
            created_at: self.now.millis(),
            expires_at: self.expires_at.millis(),
            consumed_at: None,
            closed_at: None,
        };
        insert(tx, &row).await?;
        Ok(row)
    }
}

/// Stores a new challenge.
pub(in crate::auth) async fn insert(tx: &impl ConnectionTrait, row: &challenge::Model) -> Result<(), DbErr> {
    let row = challenge::ActiveModel {
        id: Set(row.id.clone()),
        user_id: Set(row.user_id),
        purpose: Set(row.purpose.clone()),
        provider: Set(row.provider.clone()),
        security_stamp: Set(row.security_stamp.clone()),
        client_address: Set(row.client_address.clone()),
        attempts: Set(row.attempts),
        sends: Set(row.sends),
        created_at: Set(row.created_at),
        expires_at: Set(row.expires_at),
        consumed_at: Set(row.consumed_at),
        closed_at: Set(row.closed_at),
    };
    challenge::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}
