//! Another address: asked for by its owner, and taken once its own link is opened.

use std::time::Duration;

use entity::{link as links, user};
use log::info;
use sea_orm::sea_query::Expr;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use super::{Auth, Change, MeError, Owner};
use crate::auth::event::{self, EventKind};
use crate::auth::link::{self, LinkPurpose, NewLink, Pending};
use crate::auth::notice::Notice;
use crate::auth::registration::{CONFIRM_PAGE, Confirmed};
use crate::auth::transaction::{self, is_taken, retried};
use crate::auth::window::{self, Taken};
use crate::auth::{
    Busy, Client, EmailAddress, FieldError, LinkTarget, Unexpected, revocation, user as users,
};
use crate::clock::{Quota, Rate, Timestamp};
use crate::courier::Queued;
use crate::token::Claims;

/// Addresses that an account may ask for in a day: each mails somebody who may have nothing to do with it.
const ADDRESSES: Rate = Rate(Some(Quota { count: 5, period: Duration::from_hours(24) }));

impl Auth {
    /// Mails a link to an address that the token's owner wants to have, and a notice to the one that counts until the link is
    /// opened. An address that somebody has is answered alike, and its owner is mailed that somebody tried.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn ask_for_email(&self, claims: &Claims, client: &Client, typed: &str) -> Result<(), MeError> {
        let house = &*self.0;
        let owner = self.fresh_owner(claims, client).await?;
        let email = EmailAddress::from_field(typed).map_err(|fault| MeError::Invalid(vec![fault]))?;
        if email.key() == owner.user.email_key {
            return Err(MeError::Invalid(vec![unchanged()]));
        }
        let key = format!("addresses:{}", owner.user.id);
        if let Taken::Full { retry_after } =
            window::take(&house.db, &key, ADDRESSES, house.clock.now()).await?
        {
            return Err(MeError::TooManySends(Busy { retry_after }));
        }
        // A spent address is told to nobody: others may have spent it.
        let may_mail = self.may_mail(email.key()).await?;
        let queued = retried(|| self.offer_email(&owner, &email, may_mail)).await?;
        for queued in queued.ok_or(MeError::Gone)? {
            house.courier.wake(queued);
        }
        Ok(())
    }

    /// One transaction: the link and its mail, or for a taken address a dead link and the mail to who has it; the event and
    /// the notice. `None` if the account has changed, or its session has ended.
    async fn offer_email(
        &self,
        owner: &Owner<'_>,
        email: &EmailAddress,
        may_mail: bool,
    ) -> Result<Option<Vec<Queued>>, Unexpected> {
        let house = &*self.0;
        let (now, lifetime) = (house.clock.now(), house.accounts.link_lifetime.0);
        let tx = transaction::begin(&house.db).await?;
        let Some(user) = users::still_good(&tx, &owner.user).await? else { return Ok(None) };
        let Some(told) = self.note(&tx, owner, Change::EmailAskedFor, now).await? else { return Ok(None) };
        let mut queued = vec![told];
        if may_mail {
            link::kill(&tx, user.id, LinkPurpose::ChangeEmail, now).await?;
            let other = users::find_by_email(&tx, email).await?.filter(|other| !self.is_nobodys(other));
            let purpose = if other.is_some() { LinkPurpose::Decoy } else { LinkPurpose::ChangeEmail };
            let pending = Some(&Pending::address(email.as_str()));
            let expires_at = now.plus(lifetime);
            let new = NewLink { user: &user, purpose, pending, now, expires_at };
            let token = link::create(&tx, &house.vault, new).await?;
            queued.push(if let Some(other) = other {
                self.notify(&tx, &other, Notice::RegistrationTried).await?
            } else {
                let target = LinkTarget::parse(None, CONFIRM_PAGE, &house.origins.load());
                let target = target.map_err(|_| anyhow::anyhow!("the built-in page is refused"))?;
                let link = target.link(&token, email.as_str());
                let locale = user.locale.as_deref();
                let to = Confirmed { address: email.as_str(), is_change: true, locale };
                let message = self.confirmation_mail(&user, &to, &link)?;
                house.courier.enqueue(&tx, &message, now).await?
            });
        }
        tx.commit().await?;
        Ok(Some(queued))
    }

    /// Whether an account has not been confirmed, and so cannot be used: whoever registers an address and never confirms it does
    /// not keep it from its owner.
    fn is_nobodys(&self, other: &user::Model) -> bool {
        self.0.accounts.require_confirmed_email && !other.email_confirmed
    }

    /// Opens the link of an address that was asked for, once; false if it is worthless. It ends open challenges and every
    /// other link: they lead to the old address.
    pub(in crate::auth) async fn take_email(
        &self,
        named: Option<&str>,
        token: &str,
        client: &Client,
    ) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let Some(found) = link::find(&house.db, LinkPurpose::ChangeEmail, token, now).await? else {
            return Ok(false);
        };
        let pending = link::pending(&house.vault, &found)?;
        let Ok(email) = EmailAddress::parse(&pending.email) else { return Ok(false) };
        let is_named = |named| EmailAddress::parse(named).is_ok_and(|named| named.key() == email.key());
        if !named.is_none_or(is_named) {
            return Ok(false);
        }
        let Some(user) = users::find(&house.db, found.user_id).await? else { return Ok(false) };
        let Some(told) = retried(|| self.open_email(&user, &found, token, &email, client)).await? else {
            return Ok(false);
        };
        house.courier.wake(told);
        info!(user_id:% = user.id; "address changed");
        Ok(true)
    }

    /// One transaction: the link is used up and the address taken. `None` if the link is worthless by now, or somebody else
    /// has the address.
    async fn open_email(
        &self,
        user: &user::Model,
        link: &links::Model,
        token: &str,
        email: &EmailAddress,
        client: &Client,
    ) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        if house.accounts.require_confirmed_email {
            users::drop_unconfirmed(&tx, email).await?;
        }
        let is_theirs = match set(&tx, user, email, now).await {
            Ok(is_theirs) => is_theirs,
            Err(error) if is_taken(&error) => false,
            Err(error) => return Err(error.into()),
        };
        if !is_theirs || !link::consume(&tx, user, LinkPurpose::ChangeEmail, token, now).await? {
            return Ok(None);
        }
        link::kill_all(&tx, user.id, now).await?;
        revocation::close_challenges(&tx, user.id, now).await?;
        let detail = json!({ "link": link.id });
        event::record(&tx, user.id, EventKind::Changed(Change::Email), Some(client.address), &detail, now)
            .await?;
        // To the address that it was: whoever lost it must be told.
        let told = self.notify(&tx, user, Notice::Changed(Change::Email)).await?;
        tx.commit().await?;
        Ok(Some(told))
    }
}

fn unchanged() -> FieldError {
    let message = "This is the address of the account already.".to_owned();
    FieldError { field: "email", code: "unchanged", message }
}

/// Gives the account the address, and a new stamp: one guarded statement.
async fn set(
    tx: &impl ConnectionTrait,
    user: &user::Model,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let set = users::rewrite(user, now)
        .col_expr(user::Column::Email, Expr::value(email.as_str()))
        .col_expr(user::Column::EmailKey, Expr::value(email.key()))
        .col_expr(user::Column::EmailConfirmed, Expr::value(true))
        .col_expr(user::Column::EmailConfirmedAt, Expr::value(now.millis()))
        .col_expr(user::Column::SecurityStamp, Expr::value(users::new_stamp()))
        .exec(tx)
        .await?;
    Ok(set.rows_affected == 1)
}

#[cfg(test)]
mod tests {
    use entity::challenge;
    use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

    use super::*;
    use crate::auth::SessionKind;
    use crate::auth::fixture::{self, NOW};
    use crate::auth::session;

    #[actix_web::test]
    async fn an_account_that_has_changed_since_it_was_read_keeps_its_address() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let older = user::Model { security_stamp: users::new_stamp(), ..jo.clone() };
        let off = fixture::insert_user(house.db(), "off@example.com").await;
        user::Entity::update_many()
            .col_expr(user::Column::DisabledAt, Expr::value(1))
            .filter(user::Column::Id.eq(off.id))
            .exec(house.db())
            .await
            .unwrap();
        let new = EmailAddress::parse("new@example.com").unwrap();

        assert!(!set(house.db(), &older, &new, NOW).await.unwrap());
        assert!(!set(house.db(), &off, &new, NOW).await.unwrap());
        assert!(set(house.db(), &jo, &new, NOW).await.unwrap());
    }

    #[actix_web::test]
    async fn who_has_changed_or_whose_sign_in_has_ended_is_offered_no_address() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let (claims, client) = (house.signed_in(&jo).await, fixture::client());
        let owner = |user| Owner { user, claims: &claims, client: &client };
        let older = owner(user::Model { security_stamp: users::new_stamp(), ..jo.clone() });
        let new = EmailAddress::parse("new@example.com").unwrap();

        let changed = house.auth.offer_email(&older, &new, true).await.unwrap();
        session::end(house.db(), claims.session_id, NOW).await.unwrap();
        let ended = house.auth.offer_email(&owner(jo), &new, true).await.unwrap();

        assert!(changed.is_none() && ended.is_none());
        assert!(links::Entity::find().one(house.db()).await.unwrap().is_none());
    }

    #[actix_web::test]
    async fn what_leads_to_the_old_address_ends_by_its_rows_and_by_the_stamp() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let new = EmailAddress::parse("new@example.com").unwrap();
        let (kind, expires_at) = (SessionKind::Refreshable, NOW.plus(Duration::from_mins(1)));
        house.auth.open_challenge(&jo, &fixture::client(), kind).await.ok().unwrap();
        let create = async |purpose, pending| {
            let link = NewLink { user: &jo, purpose, pending, now: NOW, expires_at };
            link::create(house.db(), &house.vault, link).await.unwrap()
        };
        create(LinkPurpose::ResetPassword, None).await;
        let purpose = LinkPurpose::ChangeEmail;
        let token = create(purpose, Some(&Pending::address("new@example.com"))).await;
        let found = link::find(house.db(), purpose, &token, NOW).await.unwrap().unwrap();

        let opened = house.auth.open_email(&jo, &found, &token, &new, &fixture::client()).await.unwrap();

        assert!(opened.is_some());
        let challenge = challenge::Entity::find().one(house.db()).await.unwrap().unwrap();
        let links = links::Entity::find().all(house.db()).await.unwrap();
        assert!(challenge.closed_at.is_some());
        assert!(links.len() == 2 && links.iter().all(|link| link.consumed_at.is_some()));
        assert_ne!(house.user("new@example.com").await.security_stamp, jo.security_stamp);
    }

    #[actix_web::test]
    async fn a_link_that_was_used_meanwhile_undoes_the_change_it_came_with() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let new = EmailAddress::parse("new@example.com").unwrap();
        let (purpose, pending) = (LinkPurpose::ChangeEmail, Pending::address("new@example.com"));
        let expires_at = NOW.plus(Duration::from_mins(1));
        let link = NewLink { user: &jo, purpose, pending: Some(&pending), now: NOW, expires_at };
        let token = link::create(house.db(), &house.vault, link).await.unwrap();
        let found = link::find(house.db(), purpose, &token, NOW).await.unwrap().unwrap();
        link::kill(house.db(), jo.id, purpose, NOW).await.unwrap();

        let opened = house.auth.open_email(&jo, &found, &token, &new, &fixture::client()).await.unwrap();

        assert!(opened.is_none());
        assert_eq!(house.user("jo@example.com").await, jo);
    }
}
