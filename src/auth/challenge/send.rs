//! A code is sent again, or by another provider.

use std::time::Duration;

use entity::challenge;
use log::info;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};

use super::codes::{self, Asked, NewCode, Outgoing, StoredCode};
use super::confirmation::purpose_of;
use super::offers::{Offers, is_sent};
use super::open::SPENT;
use super::view::Known;
use super::{ChallengeId, ChallengeStatus, ChallengeView};
use crate::auth::transaction::{self, retried};
use crate::auth::window::Taken;
use crate::auth::{Auth, Busy, Client, Unexpected, user as users};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::otp::{Offer, Purpose};

/// Why no code was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There is no such challenge.
    #[error("no such challenge")]
    NotFound,
    /// It has been used, closed, or has expired.
    #[error("the challenge is closed")]
    Closed,
    /// The provider is unknown or not valid for the user.
    #[error("not a valid provider")]
    InvalidProvider,
    /// The destination got a message a moment ago.
    #[error("too soon")]
    TooSoon(Busy),
    /// The challenge has had its messages.
    #[error("too many sends")]
    TooManySends(Busy),
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

/// A message of a challenge that is there.
struct Sending<'a> {
    known: &'a Known,
    offer: &'a Offer,
    purpose: Purpose,
    /// The code of the provider as it was read, and as it is to be sent.
    old: Option<&'a StoredCode>,
    outgoing: &'a Outgoing,
}

/// What came of it.
enum Sent {
    Queued(Queued),
    /// The destination, or the budget, has had its messages: the challenge stays open for other providers.
    Spent,
    Refused(SendError),
    /// Somebody else has sent at the same time.
    Changed,
}

impl Auth {
    /// Moves a challenge to `provider`, or sends its code again: the same code as long as the challenge lives. The budget of
    /// guesses stays what it is.
    ///
    /// # Errors
    /// [`SendError`]
    pub async fn send_code(
        &self,
        id: &ChallengeId,
        provider: &str,
        client: &Client,
    ) -> Result<ChallengeView, SendError> {
        let known = self.find_challenge(id).await?.ok_or(SendError::NotFound)?;
        if self.standing(&known.row, &known.user) != ChallengeStatus::Pending {
            return Err(SendError::Closed);
        }
        let offers = self.offers_for(&known.user).await?;
        let offer = offers.find(provider).ok_or(SendError::InvalidProvider)?.clone();
        if is_sent(offer.kind) {
            self.send(&known, &offers, &offer, client).await?;
        } else {
            self.move_to(&known, provider).await?;
        }
        let Known { row, user } = self.find_challenge(id).await?.ok_or(SendError::NotFound)?;
        Ok(self.view(id.clone(), row, &user, offers).await?)
    }

    pub(super) async fn send(
        &self,
        known: &Known,
        offers: &Offers,
        offer: &Offer,
        client: &Client,
    ) -> Result<(), SendError> {
        let house = &*self.0;
        let purpose = purpose_of(&known.row)?;
        let expires_at = Timestamp::from_millis(known.row.expires_at);
        let asked = Asked { challenge: &known.row.id, user_id: known.user.id, purpose, client, expires_at };
        // A second look sees the code that another request has sent meanwhile.
        for _ in 0..2 {
            let old =
                codes::find(&house.db, &known.row.id, &offer.provider).await.map_err(Unexpected::from)?;
            let same_place = |row: &&StoredCode| {
                codes::destination(&house.vault, row).is_some_and(|to| to == offer.destination.address)
            };
            let kept = old.as_ref().filter(same_place).and_then(|row| codes::reveal(&house.vault, row));
            let code = kept.unwrap_or_else(|| self.draw_code(&known.user));
            let outgoing = self.compose(offers, offer, code, &asked).await?;
            let sending = Sending { known, offer, purpose, old: old.as_ref(), outgoing: &outgoing };
            match retried(|| self.store_sending(&sending)).await? {
                Sent::Queued(queued) => {
                    house.courier.wake(queued);
                    info!(user_id:% = known.user.id, provider = offer.provider.as_str(); "code sent again");
                    return Ok(());
                }
                Sent::Spent => {
                    if retried(|| self.store_refused(&sending)).await? {
                        return Ok(());
                    }
                }
                Sent::Refused(error) => return Err(error),
                Sent::Changed => {}
            }
        }
        Err(SendError::TooSoon(Busy { retry_after: house.two_step.load().resend_after.0 }))
    }

    /// One transaction: the cool-down of the destination, the caps of challenge and destination, the message and its code.
    /// The lock on the account's row makes sends of one account wait for each other.
    async fn store_sending(&self, sending: &Sending<'_>) -> Result<Sent, Unexpected> {
        let (house, two_step) = (&*self.0, self.0.two_step.load_full());
        let (known, offer) = (sending.known, sending.offer);
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let (to, span) = (&offer.destination.address, two_step.resend_after.0);
        let Some(user) = users::still_good(&tx, &known.user).await? else {
            return Ok(Sent::Refused(SendError::Closed));
        };
        if sending.purpose == Purpose::SignIn && users::has_given_up(&known.user, &user, to) {
            return Ok(Sent::Refused(SendError::InvalidProvider));
        }
        if let Some(last) = codes::last_sent(&tx, &house.vault, known.user.id, to, span, now).await? {
            let retry_after = last.plus(span).since(now);
            return Ok(Sent::Refused(SendError::TooSoon(Busy { retry_after })));
        }
        let most = i32::try_from(two_step.max_sends).unwrap_or(i32::MAX);
        let guesses = i32::try_from(two_step.max_attempts).unwrap_or(i32::MAX);
        if !count_message(&tx, &known.row.id, &offer.provider, most, guesses, now).await? {
            let retry_after = Timestamp::from_millis(known.row.expires_at).since(now);
            return Ok(Sent::Refused(why_not(&tx, &known.row.id, most, retry_after).await?));
        }
        if self.count_send(&tx, offer, sending.purpose, now).await? != Taken::Counted {
            return Ok(Sent::Spent);
        }
        let queued = house.courier.enqueue(&tx, &sending.outgoing.message, now).await?;
        if !sending.store(&tx, self, queued.id, now).await? {
            return Ok(Sent::Changed);
        }
        tx.commit().await?;
        Ok(Sent::Queued(queued))
    }

    /// One transaction: the challenge is moved, and its message is one that failed. False if its code has changed meanwhile.
    async fn store_refused(&self, sending: &Sending<'_>) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        move_row(&tx, &sending.known.row.id, &sending.offer.provider, now).await?;
        let message = house.courier.enqueue_refused(&tx, &sending.outgoing.message, SPENT, now).await?;
        let is_stored = sending.store(&tx, self, message, now).await?;
        if is_stored {
            tx.commit().await?;
        }
        Ok(is_stored)
    }

    /// To a provider whose code the user has already.
    async fn move_to(&self, known: &Known, provider: &str) -> Result<(), SendError> {
        let house = &*self.0;
        let moved = move_row(&house.db, &known.row.id, provider, house.clock.now()).await;
        if moved.map_err(Unexpected::from)? { Ok(()) } else { Err(SendError::Closed) }
    }
}

impl Sending<'_> {
    /// False if another request has stored a code of this provider meanwhile.
    async fn store(
        &self,
        tx: &impl ConnectionTrait,
        auth: &Auth,
        message_id: uuid::Uuid,
        now: Timestamp,
    ) -> Result<bool, DbErr> {
        let code = NewCode {
            challenge: &self.known.row.id,
            purpose: self.purpose,
            provider: &self.offer.provider,
            outgoing: self.outgoing,
            message_id,
            now,
        };
        let new = code.row(&auth.0.vault);
        match self.old {
            Some(old) => codes::replace(tx, old, &new).await,
            None if codes::find(tx, &new.challenge_id, &new.provider).await?.is_some() => Ok(false),
            None => codes::insert(tx, &new).await.map(|()| true),
        }
    }
}

/// Counts a message of an open challenge that has some left, and makes `provider` the one in use: one guarded statement.
async fn count_message(
    tx: &impl ConnectionTrait,
    id: &str,
    provider: &str,
    most: i32,
    guesses: i32,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let counted = open(id, now)
        .col_expr(challenge::Column::Sends, Expr::col(challenge::Column::Sends).add(1))
        .col_expr(challenge::Column::Provider, Expr::value(provider))
        .filter(challenge::Column::Sends.lt(most))
        .filter(challenge::Column::Attempts.lt(guesses))
        .exec(tx)
        .await?;
    Ok(counted.rows_affected == 1)
}

/// Makes `provider` the one in use; false if the challenge is not open any more.
async fn move_row(
    db: &impl ConnectionTrait,
    id: &str,
    provider: &str,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let moved = open(id, now).col_expr(challenge::Column::Provider, Expr::value(provider)).exec(db).await?;
    Ok(moved.rows_affected == 1)
}

fn open(id: &str, now: Timestamp) -> sea_orm::UpdateMany<challenge::Entity> {
    challenge::Entity::update_many()
        .filter(challenge::Column::Id.eq(id))
        .filter(challenge::Column::ConsumedAt.is_null())
        .filter(challenge::Column::ClosedAt.is_null())
        .filter(challenge::Column::ExpiresAt.gt(now.millis()))
}

/// Why a message was not counted.
async fn why_not(
    tx: &impl ConnectionTrait,
    id: &str,
    most: i32,
    retry_after: Duration,
) -> Result<SendError, DbErr> {
    let row = challenge::Entity::find_by_id(id).one(tx).await?;
    let is_open = |row: &challenge::Model| row.consumed_at.is_none() && row.closed_at.is_none();
    Ok(match row.filter(is_open) {
        Some(row) if row.sends >= most => SendError::TooManySends(Busy { retry_after }),
        Some(_) | None => SendError::Closed,
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};

    use super::*;
    use crate::auth::SessionKind;
    use crate::auth::fixture::{self, NOW};

    #[actix_web::test]
    async fn a_message_is_counted_on_an_open_challenge_with_sends_and_guesses_left() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let client = Client { address: "192.0.2.1".parse().unwrap(), user_agent: String::new() };
        let opened = house.auth.open_challenge(&jo, &client, SessionKind::Refreshable).await.ok().unwrap();
        let db = house.db();
        let row = challenge::Entity::find_by_id(opened.id.digest()).one(db).await.unwrap().unwrap();
        let change =
            |sends: i32, attempts: i32, closed_at: Option<i64>, expires_at: i64| challenge::ActiveModel {
                sends: Set(sends),
                attempts: Set(attempts),
                closed_at: Set(closed_at),
                expires_at: Set(expires_at),
                ..row.clone().into_active_model()
            };
        let later = row.expires_at;

        for (changed, expected) in [
            (change(4, 4, None, later), true),
            (change(5, 0, None, later), false),
            (change(0, 5, None, later), false),
            (change(0, 0, Some(1), later), false),
            (change(0, 0, None, NOW.millis()), false),
        ] {
            changed.reset_all().update(db).await.unwrap();

            assert_eq!(count_message(db, &row.id, "Sms", 5, 5, NOW).await.unwrap(), expected);
        }
    }

    #[actix_web::test]
    async fn a_code_that_lost_its_worth_does_not_get_it_back() {
        let house = fixture::house().await;
        let (db, jo) = (house.db(), fixture::insert_user(house.db(), "jo@example.com").await);
        let opened = house.auth.open_challenge(&jo, &fixture::client(), SessionKind::Refreshable).await;
        let id = opened.ok().unwrap().id.digest();
        let read = codes::find(db, &id, "Email").await.unwrap().unwrap();

        codes::disown(db, &house.vault, jo.id, "jo@example.com").await.unwrap();

        assert!(!codes::replace(db, &read, &read).await.unwrap());
        assert!(!codes::is_good(&codes::find(db, &id, "Email").await.unwrap().unwrap()));
    }

    #[actix_web::test]
    async fn nothing_is_sent_to_a_number_that_was_given_up_meanwhile() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        fixture::give_phone(house.db(), &jo, "+46701234567").await;
        let (jo, client) = (house.user("jo@example.com").await, fixture::client());
        let opened = house.auth.open_challenge(&jo, &client, SessionKind::Refreshable).await.ok().unwrap();
        let offers = house.auth.offers_for(&jo).await.ok().unwrap();
        fixture::give_phone(house.db(), &jo, "+46701234568").await;
        let known = house.auth.find_challenge(&opened.id).await.ok().unwrap().unwrap();
        let known = Known { user: jo, ..known };

        let sent = house.auth.send(&known, &offers, offers.find("Sms").unwrap(), &client).await;

        assert!(matches!(sent, Err(SendError::InvalidProvider)));
        assert!(codes::find(house.db(), &known.row.id, "Sms").await.unwrap().is_none());
    }
}
