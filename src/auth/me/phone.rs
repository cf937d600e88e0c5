//! A phone number is given, confirmed by a texted code, and removed.

use entity::{challenge, user};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use super::authenticator::forget_disabled;
use super::{Auth, Change, MeError, Owner};
use crate::auth::challenge::{self as challenges, Confirmation, Offers, SendError, StoredCode};
use crate::auth::fields::phone_fault;
use crate::auth::transaction::{self, retried};
use crate::auth::verification::{attempts_made, consume_once, count_attempt, digits};
use crate::auth::window;
use crate::auth::{Busy, Client, FieldError, Unexpected, user as users};
use crate::clock::Timestamp;
use crate::courier::Queued;
use crate::otp::{PhoneNumber, ProviderKind, Purpose};
use crate::token::Claims;

impl Auth {
    /// Texts a code to a number that the token's owner wants to use. Asked for again, it sends the same code, as often and as
    /// quickly as a challenge allows; and another one once that has had its guesses.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn begin_phone(&self, claims: &Claims, client: &Client, typed: &str) -> Result<(), MeError> {
        self.in_turn(async || self.text_number(claims, client, typed).await).await
    }

    /// `None` if the account has changed meanwhile, or the confirmation that waited has ended.
    async fn text_number(
        &self,
        claims: &Claims,
        client: &Client,
        typed: &str,
    ) -> Result<Option<()>, MeError> {
        let owner = self.fresh_owner(claims, client).await?;
        if !self.has_texts() {
            return Err(MeError::NoValidProvider);
        }
        let number =
            PhoneNumber::read(typed).await.map_err(|fault| MeError::Invalid(vec![phone_fault(fault)]))?;
        let with_number = user::Model {
            phone_number: Some(number.as_str().to_owned()),
            phone_confirmed: true,
            ..owner.user.clone()
        };
        let offers = self.offers_for(&with_number).await?;
        let offer = offers.all.iter().find(|offer| offer.kind == ProviderKind::Sms);
        let offer = offer.ok_or_else(|| why_no_text(&offers))?.clone();

        let confirmation = Confirmation { user: &owner.user, client, offers: &offers, offer: &offer };
        let sent = match self.waiting_number(&owner.user).await? {
            Some(open) if self.goes_to(&open, number.as_str()).await? => {
                self.send_confirmation_again(&confirmation, open).await
            }
            Some(_) | None => self.open_confirmation_of_phone(&confirmation).await,
        };
        match sent {
            Err(SendError::Closed) => Ok(None),
            sent => Ok(Some(sent?)),
        }
    }

    /// The open confirmation of the account that has guesses left, newest first.
    async fn waiting_number(&self, user: &user::Model) -> Result<Option<challenge::Model>, DbErr> {
        let most = i32::try_from(self.0.two_step.load().max_attempts).unwrap_or(i32::MAX);
        challenge::Entity::find()
            .filter(challenge::Column::UserId.eq(user.id))
            .filter(challenge::Column::Purpose.eq(Purpose::ConfirmPhone.as_str()))
            .filter(challenge::Column::SecurityStamp.eq(&user.security_stamp))
            .filter(challenge::Column::Attempts.lt(most))
            .filter(challenge::Column::ConsumedAt.is_null())
            .filter(challenge::Column::ClosedAt.is_null())
            .filter(challenge::Column::ExpiresAt.gt(self.0.clock.now().millis()))
            .order_by_desc(challenge::Column::CreatedAt)
            .one(&self.0.db)
            .await
    }

    fn has_texts(&self) -> bool {
        !self.0.providers.load().names_of(ProviderKind::Sms).is_empty()
    }

    async fn goes_to(&self, row: &challenge::Model, number: &str) -> Result<bool, DbErr> {
        let code = challenges::find_code(&self.0.db, &row.id, &row.provider).await?;
        Ok(code.and_then(|code| challenges::destination(&self.0.vault, &code)).is_some_and(|to| to == number))
    }

    /// Confirms the number by the texted code.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn verify_phone(&self, claims: &Claims, client: &Client, typed: &str) -> Result<(), MeError> {
        let house = &*self.0;
        let owner = self.fresh_owner(claims, client).await?;
        let two_step = house.two_step.load_full();
        let row = self.waiting_number(&owner.user).await?;
        let stored = match &row {
            Some(row) => challenges::find_code(&house.db, &row.id, &row.provider).await?,
            None => None,
        };
        let length = self.digits_of(stored.as_ref());
        let code = digits(typed, length).ok_or_else(|| malformed(length))?;
        let row =
            row.ok_or_else(|| if self.has_texts() { MeError::Closed } else { MeError::NoValidProvider })?;
        let stored = stored.filter(challenges::is_good).ok_or(MeError::Closed)?;
        let number = challenges::destination(&house.vault, &stored).ok_or(MeError::Closed)?;
        let most = two_step.max_attempts;
        let now = house.clock.now();
        if !count_attempt(&house.db, &row.id, i32::try_from(most).unwrap_or(i32::MAX), now).await? {
            return Err(MeError::Closed);
        }
        let binding = challenges::Binding {
            challenge: &row.id,
            purpose: Purpose::ConfirmPhone,
            provider: &row.provider,
            destination: &number,
        };
        if !crate::vault::equal(&binding.mac(&house.vault, &code), &stored.mac) {
            let attempts_left = self.attempts_left(attempts_made(&house.db, &row.id).await?);
            return Err(MeError::WrongCode { attempts_left, is_near: false });
        }
        // The guess is counted and right: only what it leads to is done in turn.
        let taken = self.in_turn(async || {
            let owner = self.fresh_owner(claims, client).await?;
            retried(|| self.take_number(&owner, &stored, &number)).await?
        });
        house.courier.wake(taken.await?);
        Ok(())
    }

    /// One transaction: the challenge is used up and the number is the account's, the event and the notice. `None` if the account
    /// has changed meanwhile.
    async fn take_number(
        &self,
        owner: &Owner<'_>,
        code: &StoredCode,
        number: &str,
    ) -> Result<Result<Option<Queued>, MeError>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if !users::take_turn(&tx, &owner.user, now).await? {
            return Ok(Ok(None));
        }
        if !consume_once(&tx, &code.challenge_id, Some(code), now).await? {
            return Ok(Err(MeError::Closed));
        }
        self.set_number(&tx, &owner.user, Some(number), now).await?;
        forget_disabled(&tx, &owner.user, std::slice::from_ref(&code.provider)).await?;
        window::clear(&tx, &challenges::sends_window(&house.vault, number)).await?;
        let Some(queued) = self.note(&tx, owner, Change::PhoneAdded, now).await? else {
            return Ok(Err(MeError::Gone));
        };
        tx.commit().await?;
        Ok(Ok(Some(queued)))
    }

    /// Removes the number, unless nothing else would be left for the second step.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn remove_phone(&self, claims: &Claims, client: &Client) -> Result<(), MeError> {
        let queued = self.in_turn(async || {
            let owner = self.fresh_owner(claims, client).await?;
            if owner.user.phone_number.is_none() {
                return Ok(Some(None));
            }
            if !self.can_do_without(&owner.user, ProviderKind::Sms).await? {
                return Err(MeError::NoValidProvider);
            }
            Ok(retried(|| self.drop_number(&owner)).await?.map(Some))
        });
        if let Some(queued) = queued.await? {
            self.0.courier.wake(queued);
        }
        Ok(())
    }

    /// One transaction; `None` if the account has changed meanwhile, or the session has ended.
    pub(super) async fn drop_number(&self, owner: &Owner<'_>) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if !users::take_turn(&tx, &owner.user, now).await? {
            return Ok(None);
        }
        self.set_number(&tx, &owner.user, None, now).await?;
        let Some(queued) = self.note(&tx, owner, Change::PhoneRemoved, now).await? else { return Ok(None) };
        tx.commit().await?;
        Ok(Some(queued))
    }

    /// Codes that went to the number before are worth nothing any more.
    async fn set_number(
        &self,
        tx: &impl ConnectionTrait,
        user: &user::Model,
        number: Option<&str>,
        now: Timestamp,
    ) -> Result<(), DbErr> {
        if let Some(old) = user.phone_number.as_deref().filter(|old| number != Some(old)) {
            challenges::disown(tx, &self.0.vault, user.id, old).await?;
        }
        user::Entity::update_many()
            .col_expr(user::Column::PhoneNumber, Expr::value(number.map(str::to_owned)))
            .col_expr(user::Column::PhoneConfirmed, Expr::value(number.is_some()))
            .col_expr(user::Column::PhoneConfirmedAt, Expr::value(number.map(|_| now.millis())))
            .filter(user::Column::Id.eq(user.id))
            .exec(tx)
            .await?;
        Ok(())
    }
}

/// Texts are not sent to the number; or they would be, had those who send there not spent their budgets.
fn why_no_text(offers: &Offers) -> MeError {
    if let Some(retry_after) = offers.texts_come_back_in {
        return MeError::TooManySends(Busy { retry_after });
    }
    let message = "Texts are not sent to this number.".to_owned();
    MeError::Invalid(vec![FieldError { field: "phoneNumber", code: "not_allowed", message }])
}

fn malformed(length: usize) -> MeError {
    let message = format!("The code has {length} digits.");
    MeError::Invalid(vec![FieldError { field: "code", code: "invalid", message }])
}

impl From<SendError> for MeError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotFound | SendError::Closed => Self::Closed,
            SendError::InvalidProvider => Self::NoValidProvider,
            SendError::TooSoon(busy) => Self::TooSoon(busy),
            SendError::TooManySends(busy) => Self::TooManySends(busy),
            SendError::Busy(busy) => Self::Busy(busy),
            SendError::Unexpected(fault) => Self::Unexpected(fault),
        }
    }
}
