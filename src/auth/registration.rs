//! Registration: an account, its role and its confirmation mail, together or not at all.

use anyhow::Context as _;
use entity::user;
use log::info;
use sea_orm::ConnectionTrait;
use serde_json::json;

use super::account::full_name;
use super::event::{self, EventKind};
use super::link::{self, LinkPurpose, NewLink, Pending};
use super::notice::Notice;
use super::transaction::{self, is_taken, retried};
use super::user::roles_column;
use super::{Auth, Busy, EmailAddress, FieldError, LinkTarget, Password, Unexpected, user as users};
use crate::courier::{ConfirmEmail, Lifetime, Message, Queued};

const CONFIRM_PAGE: &str = "/authentication/emailconfirmation";
/// Characters of a first or last name.
const LONGEST_NAME: usize = 100;

/// What somebody registers with.
pub struct Registration {
    /// As typed.
    pub email: String,
    /// As typed, normalised.
    pub password: Password,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// Where the confirmation link starts.
    pub client_uri: Option<String>,
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
struct Newcomer {
    email: EmailAddress,
    pending: Pending,
    target: LinkTarget,
}

impl Auth {
    /// Registers an account, whole or not at all. A taken address is answered like a free one, and its owner is mailed.
    ///
    /// An address that has had its mails of the hour gets neither mail nor account: an account without its mail
    /// would be half a one.
    ///
    /// # Errors
    /// [`RegisterError`]
    pub async fn register(&self, registration: Registration) -> Result<(), RegisterError> {
        let house = &*self.0;
        let target =
            LinkTarget::parse(registration.client_uri.as_deref(), CONFIRM_PAGE, &house.origins.load())
                .map_err(|_| RegisterError::RefusedTarget)?;
        let email = self.check(&registration).map_err(RegisterError::Invalid)?;
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
        };
        let newcomer = Newcomer { email, pending, target };
        // A second try sees the account that a parallel registration has just made.
        for _ in 0..2 {
            if let Some(queued) = retried(|| self.store(&newcomer)).await? {
                house.courier.wake(queued);
                return Ok(());
            }
        }
        Err(RegisterError::Unexpected(Unexpected(anyhow::anyhow!("an account is taken and cannot be read"))))
    }

    fn check(&self, registration: &Registration) -> Result<EmailAddress, Vec<FieldError>> {
        let mut faults = Vec::new();
        let email = EmailAddress::from_field(&registration.email).map_err(|fault| faults.push(fault)).ok();
        for (field, label, name) in [
            ("firstName", "First name", &registration.first_name),
            ("lastName", "Last name", &registration.last_name),
        ] {
            if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
                let message =
                    format!("{label} must be at most {LONGEST_NAME} characters without control characters.");
                faults.push(FieldError { field, code: "invalid", message });
            }
        }
        faults.extend(registration.password.faults(&self.0.accounts));
        match email {
            Some(email) if faults.is_empty() => Ok(email),
            Some(_) | None => Err(faults),
        }
    }

    /// One transaction: the account if it is new, the link, the mail. `None` if the address was taken meanwhile.
    async fn store(&self, newcomer: &Newcomer) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let now = house.clock.now();
        let tx = transaction::begin(&house.db).await?;
        let owner = match users::find_by_email(&tx, &newcomer.email).await? {
            Some(owner) => owner,
            None => match self.insert(&tx, newcomer).await? {
                Some(owner) => owner,
                None => return Ok(None),
            },
        };
        let queued = if owner.email_confirmed || owner.disabled_at.is_some() {
            event::record(&tx, owner.id, EventKind::RegistrationTried, None, &json!({}), now).await?;
            self.notify(&tx, &owner, Notice::RegistrationTried).await?
        } else {
            event::record(&tx, owner.id, EventKind::Registered, None, &json!({}), now).await?;
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

    async fn confirmation(
        &self,
        tx: &impl ConnectionTrait,
        owner: &user::Model,
        newcomer: &Newcomer,
    ) -> Result<Message, Unexpected> {
        let house = &*self.0;
        let lifetime = house.accounts.link_lifetime.0;
        let now = house.clock.now();
        let link = NewLink {
            user: owner,
            purpose: LinkPurpose::ConfirmEmail,
            pending: Some(&newcomer.pending),
            now,
            expires_at: now.plus(lifetime),
        };
        let token = link::create(tx, &house.vault, link).await?;
        // Not the names of this registration: whoever registers somebody else's address must not write into the mail.
        let name = full_name(owner);
        let link = newcomer.target.link(&token, &owner.email);
        let text = ConfirmEmail { name: &name, link: &link, lifetime: Lifetime(lifetime) };
        let content =
            house.templates.email("confirm_email", text).context("the confirmation mail does not render")?;
        // In the spelling of this registration: it is where its owner reads.
        Ok(self.mail(&newcomer.pending.email, content, lifetime))
    }
}
