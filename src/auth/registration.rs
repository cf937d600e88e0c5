//! Registration: an account, its role and its confirmation mail, together or not at all.

use anyhow::Context as _;
use entity::user;
use log::info;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::account::full_name;
use super::event::{self, EventKind};
use super::fields::{name_faults, phone_fault};
use super::link::{self, LinkPurpose, NewLink, Pending};
use super::notice::Notice;
use super::transaction::{self, is_taken, retried};
use super::user::roles_column;
use super::{
    Auth, Busy, Client, EmailAddress, FieldError, LinkTarget, Password, Unexpected, locale, user as users,
};
use crate::courier::{ConfirmEmail, Language, Lifetime, Message, Queued};
use crate::otp::PhoneNumber;

pub(super) const CONFIRM_PAGE: &str = "/authentication/emailconfirmation";

/// An address to be confirmed by a mailed link.
pub(super) struct Confirmed<'a> {
    pub address: &'a str,
    /// Whether an account that is there wants to have it.
    pub is_change: bool,
    pub locale: Option<&'a str>,
}

/// What somebody registers with.
pub struct Registration {
    /// As typed.
    pub email: String,
    /// As typed, normalised.
    pub password: Password,
    /// The password typed again, where the form asks for it.
    pub confirmation: Option<Password>,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Where the confirmation link starts.
    pub client_uri: Option<String>,
    /// Kept unconfirmed.
    pub phone_number: Option<String>,
    /// BCP 47 tag.
    pub locale: Option<String>,
}

/// Why somebody was not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Something about the input.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// The `clientURI` may not be linked to.
    #[error("the clientURI is not allowed")]
    RefusedTarget,
    /// Try again later.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

/// A registration that was checked.
pub(super) struct Newcomer {
    pub email: EmailAddress,
    pub pending: Pending,
    pub target: LinkTarget,
}

impl Auth {
    /// Registers an account, whole or not at all. A taken address is answered like a free one, and its owner is mailed.
    ///
    /// An address that has had its mails of the hour gets neither mail nor account: an account without its mail
    /// would be half a one.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub async fn register(&self, registration: Registration, client: &Client) -> Result<(), RegisterError> {
        let house = &*self.0;
        let target =
            LinkTarget::parse(registration.client_uri.as_deref(), CONFIRM_PAGE, &house.origins.load())
                .map_err(|_| RegisterError::RefusedTarget)?;
        let (email, phone_number) = self.check(&registration).await.map_err(RegisterError::Invalid)?;
        let password_hash = house.hashing.hash(&registration.password).await?;
        if !self.may_mail(email.key()).await? {
            info!("registration not mailed: the address has had its mails");
            return Ok(());
        }
        let pending = Pending {
            email: email.as_str().to_owned(),
            password_hash,
            first_name: registration.first_name.trim().to_owned(),
            last_name: registration.last_name.trim().to_owned(),
            phone_number,
            locale: registration.locale,
        };
        let newcomer = Newcomer { email, pending, target };
        // A second try sees the account that a parallel registration has just made.
        for _ in 0..2 {
            if let Some(queued) = retried(|| self.store(&newcomer, client)).await? {
                house.courier.wake(queued);
                return Ok(());
            }
        }
        Err(RegisterError::Unexpected(Unexpected(anyhow::anyhow!("an account is taken and cannot be read"))))
    }

    async fn check(
        &self,
        registration: &Registration,
    ) -> Result<(EmailAddress, Option<String>), Vec<FieldError>> {
        let mut faults = Vec::new();
        let email = EmailAddress::from_field(&registration.email).map_err(|fault| faults.push(fault)).ok();
        faults.extend(name_faults(&registration.first_name, &registration.last_name));
        faults.extend(registration.password.faults(&self.0.accounts));
        faults.extend(registration.password.differs(registration.confirmation.as_ref()));
        faults.extend(locale::fault(registration.locale.as_deref()));
        let phone = match registration.phone_number.as_deref() {
            Some(typed) => {
                PhoneNumber::read(typed).await.map_err(|fault| faults.push(phone_fault(fault))).ok()
            }
            None => None,
        };
        let phone = phone.map(|number| number.as_str().to_owned());
        match email {
            Some(email) if faults.is_empty() => Ok((email, phone)),
            Some(_) | None => Err(faults),
        }
    }

    /// One transaction: the account if it is new, the link, the mail. `None` if the address was taken meanwhile.
    ///
    /// A taken address costs the same four writes as a free one, so that the time of the answer does not tell: its row
    /// is touched where another is made, and a dead link stands for the living one.
    async fn store(&self, newcomer: &Newcomer, client: &Client) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let owner = match users::find_by_email(&tx, &newcomer.email).await? {
            Some(owner) => {
                users::touch(&tx, &owner, now).await?;
                owner
            }
            None => match self.insert(&tx, newcomer).await? {
                Some(owner) => owner,
                None => return Ok(None),
            },
        };
        let address = Some(client.address);
        let queued = if owner.email_confirmed || owner.disabled_at.is_some() {
            event::record(&tx, owner.id, EventKind::RegistrationTried, address, &json!({}), now).await?;
            self.link(&tx, &owner, newcomer, LinkPurpose::Decoy).await?;
            self.notify(&tx, &owner, Notice::RegistrationTried).await?
        } else {
            event::record(&tx, owner.id, EventKind::Registered, address, &json!({}), now).await?;
            let message = self.confirmation(&tx, &owner, newcomer).await?;
            house.courier.enqueue(&tx, &message, now).await?
        };
        tx.commit().await?;
        Ok(Some(queued))
    }

    /// Makes the account; `None` if the address is taken.
    async fn insert(
        &self,
        tx: &impl ConnectionTrait,
        newcomer: &Newcomer,
    ) -> Result<Option<user::Model>, Unexpected> {
        let (accounts, pending) = (&self.0.accounts, &newcomer.pending);
        let user = user::Model {
            first_name: pending.first_name.clone(),
            last_name: pending.last_name.clone(),
            phone_number: pending.phone_number.clone(),
            locale: pending.locale.clone(),
            roles: roles_column(std::slice::from_ref(&accounts.default_role)),
            two_factor_enabled: accounts.two_factor_for_new_users,
            ..users::new_row(&newcomer.email, pending.password_hash.clone(), self.0.clock.now())
        };
        match users::insert(tx, &user).await {
            Ok(()) => Ok(Some(user)),
            Err(error) if is_taken(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Stores a link that carries this registration, and gives its token.
    async fn link(
        &self,
        tx: &impl ConnectionTrait,
        owner: &user::Model,
        newcomer: &Newcomer,
        purpose: LinkPurpose,
    ) -> Result<String, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let expires_at = now.plus(house.accounts.link_lifetime.0);
        let pending = Some(&newcomer.pending);
        link::create(tx, &house.vault, NewLink { user: owner, purpose, pending, now, expires_at }).await
    }

    pub(super) async fn confirmation(
        &self,
        tx: &impl ConnectionTrait,
        owner: &user::Model,
        newcomer: &Newcomer,
    ) -> Result<Message, Unexpected> {
        let token = self.link(tx, owner, newcomer, LinkPurpose::ConfirmEmail).await?;
        // In the spelling of this registration: it is where its owner reads.
        let link = newcomer.target.link(&token, &owner.email);
        // Its language too: whoever reads the mail has most likely just registered.
        let locale = newcomer.pending.locale.as_deref().or(owner.locale.as_deref());
        let to = Confirmed { address: &newcomer.pending.email, is_change: false, locale };
        self.confirmation_mail(owner, &to, &link)
    }

    /// The mail that carries a confirmation link to an address of `owner`.
    pub(super) fn confirmation_mail(
        &self,
        owner: &user::Model,
        to: &Confirmed<'_>,
        link: &str,
    ) -> Result<Message, Unexpected> {
        let house = &*self.0;
        let lifetime = house.accounts.link_lifetime.0;
        // Not the names of this registration: whoever registers somebody else's address must not write into the mail.
        let name = full_name(owner);
        let (host, language) = (self.host(), Language::of(to.locale));
        let is_change = to.is_change;
        let text = ConfirmEmail {
            is_change,
            name: &name,
            link,
            lifetime: Lifetime(lifetime, language),
            host: &host,
        };
        let content = house
            .templates
            .load()
            .email("confirm_email", language, text)
            .context("the confirmation mail does not render")?;
        Ok(self.mail(to.address, content, lifetime))
    }
}

#[cfg(test)]
mod tests {
    use entity::{event, link, message};
    use sea_orm::sea_query::Table;
    use sea_orm::{ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _};

    use super::*;
    use crate::auth::fixture::{self, House};

    fn registration(email: &str) -> Registration {
        Registration {
            email: email.to_owned(),
            password: Password::new("xkvbwlpq"),
            confirmation: None,
            first_name: " Jo ".to_owned(),
            last_name: String::new(),
            client_uri: None,
            phone_number: None,
            locale: None,
        }
    }

    /// Users, links, events, messages.
    async fn rows(house: &House) -> [u64; 4] {
        let db = house.db();
        [
            user::Entity::find().count(db).await.unwrap(),
            link::Entity::find().count(db).await.unwrap(),
            event::Entity::find().count(db).await.unwrap(),
            message::Entity::find().count(db).await.unwrap(),
        ]
    }

    #[actix_web::test]
    async fn a_free_and_a_taken_address_cost_the_same_writes() {
        let house = fixture::house().await;
        fixture::insert_user(house.db(), "owner@example.com").await;
        let second = std::time::Duration::from_secs(1);

        house.auth.register(registration("jo@example.com"), &fixture::client()).await.unwrap();
        assert_eq!(rows(&house).await, [2, 1, 1, 1]);
        house.clock.advance(second);
        house.auth.register(registration("JO@example.com"), &fixture::client()).await.unwrap();
        assert_eq!(rows(&house).await, [2, 2, 2, 2]);
        house.auth.register(registration("owner@example.com"), &fixture::client()).await.unwrap();
        assert_eq!(rows(&house).await, [2, 3, 3, 3]);

        let now = house.clock.now().millis();
        assert_eq!(house.user("jo@example.com").await.updated_at, now);
        let owner = house.user("owner@example.com").await;
        assert_eq!((owner.updated_at, owner.password_hash.as_str()), (now, "a hash"));
        let links = link::Entity::find().all(house.db()).await.unwrap();
        assert_eq!(links.iter().filter(|link| link.consumed_at.is_none()).count(), 2);
    }

    #[actix_web::test]
    async fn a_registration_whose_mail_cannot_be_queued_leaves_nothing() {
        let house = fixture::house().await;
        house.db().execute(Table::drop().table(message::Entity)).await.unwrap();

        let refused = house.auth.register(registration("jo@example.com"), &fixture::client()).await;

        assert!(matches!(refused, Err(RegisterError::Unexpected(_))));
        assert_eq!(user::Entity::find().count(house.db()).await.unwrap(), 0);
        assert_eq!(link::Entity::find().count(house.db()).await.unwrap(), 0);
    }

    #[actix_web::test]
    async fn an_address_that_has_had_its_mails_gets_nothing() {
        let house = fixture::house().await;
        for _ in 0..5 {
            house.auth.forgot_password("jo@example.com", None).await.unwrap();
        }
        let before = rows(&house).await;

        house.auth.register(registration("Jo@example.com"), &fixture::client()).await.unwrap();

        assert_eq!(rows(&house).await, before);
    }

    #[actix_web::test]
    async fn every_fault_is_told_at_once() {
        let house = fixture::house().await;
        let wrong = Registration {
            first_name: "x".repeat(101),
            last_name: "a\0b".to_owned(),
            password: Password::new("short"),
            ..registration("nobody")
        };

        let Err(RegisterError::Invalid(faults)) = house.auth.register(wrong, &fixture::client()).await else {
            panic!("not refused")
        };

        let fields: Vec<_> = faults.iter().map(|fault| fault.field).collect();
        assert_eq!(fields, ["email", "firstName", "lastName", "password"]);
    }
}
