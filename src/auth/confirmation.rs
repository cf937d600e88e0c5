//! The confirmation of an address by its mailed link.

use entity::user;
use log::info;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _};
use serde_json::json;

use super::event::{self, EventKind};
use super::link::{self, LinkPurpose, Pending};
use super::transaction::{self, retried};
use super::{Auth, Client, EmailAddress, Unexpected, challenge, revocation, user as users};
use crate::clock::Timestamp;

/// Why an address was not confirmed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Wrong, used, expired, or of another purpose or user: alike.
    #[error("invalid link")]
    InvalidLink,
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl From<DbErr> for ConfirmError {
    fn from(error: DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

impl Auth {
    /// Opens a confirmation link, or the link of an address that an account asked for, once. The registration that it carries takes effect, and every other link dies: an
    /// outsider who registered the same address has gained nothing. `email` is what the link names, if it names one; it must
    /// be the account's.
    ///
    /// # Errors
    /// [`ConfirmError`]
    pub async fn confirm_email(
        &self,
        email: Option<&str>,
        token: &str,
        client: &Client,
    ) -> Result<(), ConfirmError> {
        let house = &*self.0;
        let found = self.find_link(LinkPurpose::ConfirmEmail, email, token).await?;
        let Some((user, link)) = found else {
            let has_moved = self.take_email(email, token, client).await?;
            return if has_moved { Ok(()) } else { Err(ConfirmError::InvalidLink) };
        };
        let pending = link::pending(&house.vault, &link)?;
        if !retried(|| self.open_confirmation(&user, token, &pending, client)).await? {
            return Err(ConfirmError::InvalidLink);
        }
        info!(user_id:% = user.id; "address confirmed");
        Ok(())
    }

    /// The link with this token and its user, if the user has the address `email` where one is named: a look, which decides nothing. The
    /// token comes first, so that a wrong one costs the same whether or not somebody has the address.
    pub(super) async fn find_link(
        &self,
        purpose: LinkPurpose,
        email: Option<&str>,
        token: &str,
    ) -> Result<Option<(user::Model, entity::link::Model)>, DbErr> {
        let house = &*self.0;
        let Some(link) = link::find(&house.db, purpose, token, house.clock.now()).await? else {
            return Ok(None);
        };
        let Ok(email) = email.map(EmailAddress::parse).transpose() else { return Ok(None) };
        let user = user::Entity::find_by_id(link.user_id).one(&house.db).await?;
        let is_theirs = |user: &user::Model| email.is_none_or(|email| user.email_key == email.key());
        Ok(user.filter(is_theirs).map(|user| (user, link)))
    }

    /// One transaction: the link is used up, the registration takes effect. False if the link is worthless by now.
    async fn open_confirmation(
        &self,
        user: &user::Model,
        token: &str,
        pending: &Pending,
        client: &Client,
    ) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let Some(user) = &users::still_good(&tx, user).await? else { return Ok(false) };
        let opens = confirm(&tx, user, pending, now).await?
            && link::consume(&tx, user, LinkPurpose::ConfirmEmail, token, now).await?;
        if !opens {
            return Ok(false);
        }
        link::kill_all(&tx, user.id, now).await?;
        if let Some(number) =
            user.phone_number.as_ref().filter(|number| pending.phone_number.as_ref() != Some(number))
        {
            challenge::disown(&tx, &house.vault, user.id, number).await?;
        }
        if pending.password_hash != user.password_hash {
            revocation::end_sign_ins(&tx, user.id, now).await?;
        }
        event::record(&tx, user.id, EventKind::EmailConfirmed, Some(client.address), &json!({}), now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Gives the account what the link carries, unless another link was first: one guarded statement.
async fn confirm(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    pending: &Pending,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let is_same_password = pending.password_hash == user.password_hash;
    let stamp = if is_same_password { user.security_stamp.clone() } else { users::new_stamp() };
    // A number that an operator has confirmed stays so, if it is this registration's.
    let is_confirmed = user.phone_confirmed && pending.phone_number == user.phone_number;
    let confirmed = users::rewrite(user, now)
        .col_expr(user::Column::EmailConfirmed, Expr::value(true))
        .col_expr(user::Column::EmailConfirmedAt, Expr::value(now.millis()))
        .col_expr(user::Column::Email, Expr::value(pending.email.clone()))
        .col_expr(user::Column::PasswordHash, Expr::value(pending.password_hash.clone()))
        .col_expr(user::Column::FirstName, Expr::value(pending.first_name.clone()))
        .col_expr(user::Column::LastName, Expr::value(pending.last_name.clone()))
        .col_expr(user::Column::PhoneNumber, Expr::value(pending.phone_number.clone()))
        .col_expr(user::Column::PhoneConfirmed, Expr::value(is_confirmed))
        .col_expr(user::Column::Locale, Expr::value(pending.locale.clone()))
        .col_expr(user::Column::SecurityStamp, Expr::value(stamp))
        .filter(user::Column::EmailConfirmed.eq(false))
        .exec(tx)
        .await?;
    Ok(confirmed.rows_affected == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::fixture::{self, House, NOW};
    use crate::auth::link::NewLink;

    async fn unconfirmed(house: &House) -> user::Model {
        let email = EmailAddress::parse("jo@example.com").unwrap();
        let user = users::new_row(&email, "of the first".to_owned(), NOW);
        users::insert(house.db(), &user).await.unwrap();
        user
    }

    async fn link_for(house: &House, user: &user::Model, hash: &str) -> String {
        let pending = Pending {
            email: "Jo@Example.com".to_owned(),
            password_hash: hash.to_owned(),
            first_name: "Jo".to_owned(),
            last_name: "Doe".to_owned(),
            phone_number: None,
            locale: None,
        };
        let expires_at = NOW.plus(std::time::Duration::from_mins(1));
        let purpose = LinkPurpose::ConfirmEmail;
        let link = NewLink { user, purpose, pending: Some(&pending), now: NOW, expires_at };
        link::create(house.db(), &house.vault, link).await.unwrap()
    }

    #[actix_web::test]
    async fn the_first_link_that_is_opened_wins() {
        let house = fixture::house().await;
        let user = unconfirmed(&house).await;
        let first = link_for(&house, &user, "of the first").await;
        let second = link_for(&house, &user, "of the second").await;

        house.auth.confirm_email(Some("JO@example.com"), &second, &fixture::client()).await.unwrap();
        let again = house.auth.confirm_email(Some("jo@example.com"), &second, &fixture::client()).await;
        let other = house.auth.confirm_email(Some("jo@example.com"), &first, &fixture::client()).await;

        assert!(matches!(again, Err(ConfirmError::InvalidLink)));
        assert!(matches!(other, Err(ConfirmError::InvalidLink)));
        let after = house.user("jo@example.com").await;
        assert!(after.email_confirmed);
        assert_eq!(after.password_hash, "of the second");
        assert_eq!((after.email.as_str(), after.last_name.as_str()), ("Jo@Example.com", "Doe"));
        assert_ne!(after.security_stamp, user.security_stamp);
    }

    #[actix_web::test]
    async fn a_link_that_comes_after_the_confirmation_changes_nothing() {
        let house = fixture::house().await;
        let user = unconfirmed(&house).await;
        let own = link_for(&house, &user, "of the first").await;
        house.auth.confirm_email(Some("jo@example.com"), &own, &fixture::client()).await.unwrap();
        let late = link_for(&house, &user, "of an outsider").await;

        let refused = house.auth.confirm_email(Some("jo@example.com"), &late, &fixture::client()).await;

        assert!(matches!(refused, Err(ConfirmError::InvalidLink)));
        assert_eq!(house.user("jo@example.com").await.password_hash, "of the first");
    }

    #[actix_web::test]
    async fn an_account_that_has_changed_since_it_was_read_is_not_confirmed() {
        let house = fixture::house().await;
        let user = unconfirmed(&house).await;
        let token = link_for(&house, &user, "of the first").await;
        let link = link::find(house.db(), LinkPurpose::ConfirmEmail, &token, NOW).await.unwrap().unwrap();
        let pending = link::pending(&house.vault, &link).unwrap();
        let older = user::Model { security_stamp: users::new_stamp(), ..user };

        assert!(!confirm(house.db(), &older, &pending, NOW).await.unwrap());
        assert!(!house.user("jo@example.com").await.email_confirmed);
    }

    #[actix_web::test]
    async fn a_used_link_undoes_the_confirmation_it_came_with() {
        let house = fixture::house().await;
        let user = unconfirmed(&house).await;
        let token = link_for(&house, &user, "of the first").await;
        let link = link::find(house.db(), LinkPurpose::ConfirmEmail, &token, NOW).await.unwrap().unwrap();
        let pending = link::pending(&house.vault, &link).unwrap();
        link::kill_all(house.db(), user.id, NOW).await.unwrap();

        let opened = house.auth.open_confirmation(&user, &token, &pending, &fixture::client()).await.unwrap();

        assert!(!opened);
        assert_eq!(house.user("jo@example.com").await, user);
    }

    #[actix_web::test]
    async fn a_link_opens_nothing_for_another_address_or_a_switched_off_account() {
        let house = fixture::house().await;
        let user = unconfirmed(&house).await;
        fixture::insert_user(house.db(), "eve@example.com").await;
        let token = link_for(&house, &user, "of the first").await;

        let other = house.auth.confirm_email(Some("eve@example.com"), &token, &fixture::client()).await;
        user::Entity::update_many()
            .col_expr(user::Column::DisabledAt, Expr::value(1))
            .exec(house.db())
            .await
            .unwrap();
        let off = house.auth.confirm_email(Some("jo@example.com"), &token, &fixture::client()).await;

        assert!(matches!(other, Err(ConfirmError::InvalidLink)));
        assert!(matches!(off, Err(ConfirmError::InvalidLink)));
        assert!(!house.user("jo@example.com").await.email_confirmed);
    }
}
