//! A forgotten password: the mailed link, and the new password.

use anyhow::Context as _;
use entity::{factor, user};
use log::info;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use uuid::Uuid;

use super::account::Reader;
use super::event::{self, EventKind};
use super::link::{self, LinkPurpose, NewLink};
use super::lockout;
use super::notice::Notice;
use super::transaction::{self, retried};
use super::{
    AccountSettings, Auth, Busy, Client, EmailAddress, FieldError, LinkTarget, Password, Unexpected,
};
use super::{revocation, user as users};
use crate::clock::Timestamp;
use crate::courier::{Lifetime, Message, Queued, ResetPassword};
use crate::otp::ProviderKind;
use crate::vault;

pub(super) const RESET_PAGE: &str = "/authentication/resetpassword";

/// Why no reset was begun.
#[derive(Debug, thiserror::Error)]
pub enum ForgotError {
    /// The address is none.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// The `clientURI` may not be linked to.
    #[error("the clientURI is not allowed")]
    RefusedTarget,
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

/// A new password by a mailed link.
pub struct ResetRequest {
    /// What the link names; absent where the token stands alone.
    pub email: Option<String>,
    /// The token of the link.
    pub token: String,
    /// The new one.
    pub password: Password,
    /// The password typed again, where the form asks for it.
    pub confirmation: Option<Password>,
}

impl ResetRequest {
    fn faults(&self, settings: &AccountSettings) -> Vec<FieldError> {
        let required = |field, text: &str, message: &str| {
            let message = message.to_owned();
            text.trim().is_empty().then_some(FieldError { field, code: "required", message })
        };
        let mut faults = Vec::new();
        let email = self.email.as_deref();
        faults.extend(email.and_then(|email| required("email", email, "Email is required.")));
        faults.extend(required("token", &self.token, "Token is required."));
        faults.extend(self.password.faults(settings));
        faults.extend(self.password.differs(self.confirmation.as_ref()));
        faults
    }
}

/// Why no password was set.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// Wrong, used, expired, or of another purpose or user: alike.
    #[error("invalid link")]
    InvalidLink,
    /// The password breaks a rule; the link is not used up.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl From<DbErr> for ResetError {
    fn from(error: DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

impl Auth {
    /// Mails a reset link if the address belongs to an account. Whoever it belongs to, the answer and what it costs
    /// are the same: an unknown address gets a message that is carried to nobody.
    ///
    /// # Errors
    /// [`ForgotError`]
    pub async fn forgot_password(&self, email: &str, client_uri: Option<&str>) -> Result<(), ForgotError> {
        let house = &*self.0;
        let target = LinkTarget::parse(client_uri, RESET_PAGE, &house.origins.load())
            .map_err(|_| ForgotError::RefusedTarget)?;
        let email = EmailAddress::from_field(email).map_err(|fault| ForgotError::Invalid(vec![fault]))?;
        if !self.may_mail(email.key()).await? {
            return Ok(());
        }
        if let Some(queued) = retried(|| self.offer_reset(&email, &target)).await? {
            house.courier.wake(queued);
        }
        Ok(())
    }

    /// One transaction: the link and its mail; for an unknown address, a message of the same size to nobody.
    pub(super) async fn offer_reset(
        &self,
        email: &EmailAddress,
        target: &LinkTarget,
    ) -> Result<Option<Queued>, Unexpected> {
        let tx = transaction::begin(&self.0.db).await?;
        let user = users::find_by_email(&tx, email).await?.filter(|user| user.disabled_at.is_none());
        let queued = if let Some(user) = user {
            Some(self.send_reset(&tx, &user, target).await?)
        } else {
            self.decoys(&tx, email, target).await?;
            None
        };
        tx.commit().await?;
        Ok(queued)
    }

    /// Stores a link and queues its mail.
    pub(super) async fn send_reset(
        &self,
        tx: &impl ConnectionTrait,
        user: &user::Model,
        target: &LinkTarget,
    ) -> Result<Queued, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let (purpose, expires_at) = (LinkPurpose::ResetPassword, now.plus(house.accounts.link_lifetime.0));
        let link = NewLink { user, purpose, pending: None, now, expires_at };
        let token = link::create(tx, &house.vault, link).await?;
        let mail = self.reset_mail(&Reader::owner(user), &target.link(&token, &user.email))?;
        Ok(house.courier.enqueue(tx, &mail, now).await?)
    }

    /// As many writes as a link and its mail, to nobody.
    async fn decoys(
        &self,
        tx: &impl ConnectionTrait,
        email: &EmailAddress,
        target: &LinkTarget,
    ) -> Result<(), Unexpected> {
        let (courier, now) = (&self.0.courier, self.0.clock.now());
        let token = vault::random_token::<32>();
        let decoy = self.reset_mail(&Reader::stranger(email), &target.link(&token, email.as_str()))?;
        courier.enqueue_decoy(tx, &decoy, now).await?;
        courier.enqueue_decoy(tx, &decoy, now).await?;
        Ok(())
    }

    /// One transaction that costs what a mail to an account costs, for an address that waits for none.
    pub(super) async fn offer_nobody(
        &self,
        email: &EmailAddress,
        target: &LinkTarget,
    ) -> Result<Option<Queued>, Unexpected> {
        let tx = transaction::begin(&self.0.db).await?;
        users::find_by_email(&tx, email).await?;
        self.decoys(&tx, email, target).await?;
        tx.commit().await?;
        Ok(None)
    }

    fn reset_mail(&self, reader: &Reader, link: &str) -> Result<Message, Unexpected> {
        let Reader { address, name, language } = reader;
        let (lifetime, host) = (self.0.accounts.link_lifetime.0, self.host());
        let text = ResetPassword { name, link, lifetime: Lifetime(lifetime, *language), host: &host };
        let content = self
            .0
            .templates
            .load()
            .email("reset_password", *language, text)
            .context("the reset mail does not render")?;
        Ok(self.mail(address, content, lifetime))
    }

    /// Sets a new password by a mailed link, once. It ends sessions, challenges and other links, lifts a lock and
    /// re-enables email factors; and it confirms the address, which the link has just shown to reach its owner.
    ///
    /// # Errors
    /// [`ResetError`]
    pub async fn reset_password(&self, request: ResetRequest, client: &Client) -> Result<(), ResetError> {
        let house = &*self.0;
        let faults = request.faults(&house.accounts);
        if !faults.is_empty() {
            return Err(ResetError::Invalid(faults));
        }
        // A look, so that an invented token does not cost a hash.
        let found =
            self.find_link(LinkPurpose::ResetPassword, request.email.as_deref(), &request.token).await?;
        let (user, _) = found.ok_or(ResetError::InvalidLink)?;
        let hash = house.hashing.hash(&request.password).await?;

        let queued = retried(|| self.open_reset(&user, &request.token, &hash, client)).await?;
        house.courier.wake(queued.ok_or(ResetError::InvalidLink)?);
        info!(user_id:% = user.id; "password reset");
        Ok(())
    }

    /// One transaction: the link is used up, the password set, all that hung on the old one ended. `None` if the link
    /// is worthless by now.
    async fn open_reset(
        &self,
        user: &user::Model,
        token: &str,
        hash: &str,
        client: &Client,
    ) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let opens = set_password(&tx, user, hash, now).await?
            && link::consume(&tx, user, LinkPurpose::ResetPassword, token, now).await?;
        if !opens {
            return Ok(None);
        }
        revocation::end_everything(&tx, user.id, now).await?;
        lockout::lift(&tx, &house.vault, user).await?;
        let email_providers = house.providers.load_full().names_of(ProviderKind::Email);
        enable_factors(&tx, user.id, &email_providers).await?;
        event::record(&tx, user.id, EventKind::PasswordReset, Some(client.address), &json!({}), now).await?;
        let queued = self.notify(&tx, user, Notice::PasswordReset).await?;
        tx.commit().await?;
        Ok(Some(queued))
    }
}

/// Sets the password if the account is still what it was when the link was found.
async fn set_password(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    hash: &str,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let set = users::rewrite(user, now)
        .col_expr(user::Column::PasswordHash, Expr::value(hash))
        .col_expr(user::Column::SecurityStamp, Expr::value(users::new_stamp()))
        .col_expr(user::Column::EmailConfirmed, Expr::value(true))
        .col_expr(
            user::Column::EmailConfirmedAt,
            Expr::col(user::Column::EmailConfirmedAt).if_null(now.millis()),
        )
        .exec(tx)
        .await?;
    Ok(set.rows_affected == 1)
}

async fn enable_factors(tx: &impl ConnectionTrait, user_id: Uuid, providers: &[String]) -> Result<(), DbErr> {
    factor::Entity::delete_many()
        .filter(factor::Column::UserId.eq(user_id))
        .filter(factor::Column::Provider.is_in(providers))
        .exec(tx)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
