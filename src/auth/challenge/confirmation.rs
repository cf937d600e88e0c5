//! A texted code shows that a number is one's own: a challenge of its own purpose.

use std::time::Duration;

use entity::{challenge, user};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::codes::{self, Asked};
use super::offers::Offers;
use super::open::{Opening, Written};
use super::view::Known;
use super::{ChallengeId, SendError};
use crate::auth::transaction::{self, retried};
use crate::auth::window::{self, Taken};
use crate::auth::{Auth, Busy, Client, Unexpected, user as users};
use crate::clock::{Quota, Rate, Timestamp};
use crate::courier::Queued;
use crate::otp::{Offer, Purpose};
use crate::vault::Use;

/// A number counts once a day.
const ONCE: Rate = Rate(Some(Quota { count: 1, period: Duration::from_hours(24) }));

/// Numbers that an account may try to confirm in a day.
const NUMBERS: Rate = Rate(Some(Quota { count: 3, period: Duration::from_hours(24) }));

/// A number to be confirmed: whose, and how it is reached.
pub(in crate::auth) struct Confirmation<'a> {
    pub user: &'a user::Model,
    pub client: &'a Client,
    /// What the user would have with this number.
    pub offers: &'a Offers,
    pub offer: &'a Offer,
}

impl Auth {
    /// Opens a challenge for the number, and closes the one before.
    pub(in crate::auth) async fn open_confirmation_of_phone(
        &self,
        confirmation: &Confirmation<'_>,
    ) -> Result<(), SendError> {
        let house = &*self.0;
        let Confirmation { user, client, offers, offer } = *confirmation;
        let now = house.clock.now();
        let expires_at = now.plus(house.two_step.load().code_lifetime.0);
        let (code, purpose) = (self.draw_code(user), Purpose::ConfirmPhone);
        let digest = ChallengeId::draw().digest();
        let asked = Asked { challenge: &digest, user_id: user.id, purpose, client, expires_at };
        let outgoing = self.compose(offers, offer, code, &asked).await?;
        let outgoing = Some(&outgoing);
        let opening = Opening { user, client, offer, digest: &digest, purpose, outgoing, now, expires_at };
        let queued = retried(|| self.store_confirmation(&opening)).await??;
        house.courier.wake(queued);
        Ok(())
    }

    /// One transaction: the number is counted, the confirmation before it closed, and its own stored with its message. Nothing is
    /// kept of a number that is refused.
    async fn store_confirmation(
        &self,
        opening: &Opening<'_>,
    ) -> Result<Result<Queued, SendError>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if users::still_good(&tx, opening.user).await?.is_none() {
            return Ok(Err(SendError::Closed));
        }
        if let Some(refused) = self.count_number(&tx, opening, now).await? {
            return Ok(Err(refused));
        }
        close_confirmations(&tx, opening.user.id, now).await?;
        match self.write_challenge(&tx, opening, false).await? {
            Written::Row(_, Some(queued)) => {
                tx.commit().await?;
                Ok(Ok(queued))
            }
            Written::Row(_, None) => Err(Unexpected(anyhow::anyhow!("a confirmation without a message"))),
            Written::Spent(busy) => Ok(Err(SendError::TooManySends(busy))),
        }
    }

    /// The cool-down of the destination, and the numbers of a day, of which one counts once.
    async fn count_number(
        &self,
        tx: &impl ConnectionTrait,
        opening: &Opening<'_>,
        now: Timestamp,
    ) -> Result<Option<SendError>, Unexpected> {
        let house = &*self.0;
        let (id, number) = (opening.user.id, &opening.offer.destination.address);
        let span = house.two_step.load().resend_after.0;
        if let Some(last) = codes::last_sent(tx, &house.vault, id, number, span, now).await? {
            return Ok(Some(SendError::TooSoon(Busy { retry_after: last.plus(span).since(now) })));
        }
        let known = house.vault.fingerprint(Use::Destination, &[b"number", id.as_bytes(), number.as_bytes()]);
        if window::take(tx, &format!("number:{known}"), ONCE, now).await? != Taken::Counted {
            return Ok(None);
        }
        Ok(match window::take(tx, &format!("numbers:{id}"), NUMBERS, now).await? {
            Taken::Counted => None,
            Taken::Full { retry_after } => Some(SendError::TooManySends(Busy { retry_after })),
        })
    }

    /// Sends the code of an open confirmation again.
    pub(in crate::auth) async fn send_confirmation_again(
        &self,
        confirmation: &Confirmation<'_>,
        row: challenge::Model,
    ) -> Result<(), SendError> {
        let known = Known { row, user: confirmation.user.clone() };
        self.send(&known, confirmation.offers, confirmation.offer, confirmation.client).await
    }
}

/// The purpose in a challenge's row.
pub(super) fn purpose_of(row: &challenge::Model) -> Result<Purpose, Unexpected> {
    let known = [Purpose::SignIn, Purpose::ConfirmPhone];
    let found = known.into_iter().find(|purpose| purpose.as_str() == row.purpose);
    found.ok_or_else(|| Unexpected(anyhow::anyhow!("a challenge of an unknown purpose")))
}

/// One number waits at a time.
async fn close_confirmations(tx: &impl ConnectionTrait, user_id: Uuid, now: Timestamp) -> Result<(), DbErr> {
    challenge::Entity::update_many()
        .col_expr(challenge::Column::ClosedAt, Expr::value(now.millis()))
        .filter(challenge::Column::UserId.eq(user_id))
        .filter(challenge::Column::Purpose.eq(Purpose::ConfirmPhone.as_str()))
        .filter(challenge::Column::ConsumedAt.is_null())
        .filter(challenge::Column::ClosedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}
