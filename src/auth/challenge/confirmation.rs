//! A texted code shows that a number is one's own: a challenge of its own purpose.

use entity::{challenge, user};

use super::codes::Asked;
use super::offers::Offers;
use super::open::{Opening, Stored};
use super::view::Known;
use super::{ChallengeId, SendError};
use crate::auth::transaction::retried;
use crate::auth::{Auth, Client, Unexpected};
use crate::otp::{Offer, Purpose};

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
        match retried(|| self.store_challenge(&opening, false)).await? {
            Stored::Sent(_, queued) => {
                if let Some(queued) = queued {
                    house.courier.wake(queued);
                }
                Ok(())
            }
            Stored::Spent(busy) => Err(SendError::TooManySends(busy)),
            Stored::Changed => Err(SendError::Closed),
        }
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
