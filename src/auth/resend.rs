//! The confirmation mail once more.

use log::info;
use uuid::Uuid;

use super::link::{self, Pending};
use super::registration::{CONFIRM_PAGE, Newcomer};
use super::reset::{ForgotError, RESET_PAGE};
use super::transaction::{self, retried};
use super::{Auth, EmailAddress, LinkTarget, Unexpected, user as users};
use crate::courier::Queued;

impl Auth {
    /// Mails the confirmation link again, if the address waits for it. Whoever it belongs to, the answer is the same.
    ///
    /// A link carries the password of its registration. Where it cannot be told whose registration is the owner's, because
    /// the address was registered with several passwords or too long ago, the mail lets its reader choose a new one instead,
    /// which confirms the address as well.
    ///
    /// # Errors
    /// [`ForgotError`]
    pub async fn resend_confirmation(&self, email: &str) -> Result<(), ForgotError> {
        let house = &*self.0;
        let email = EmailAddress::from_field(email).map_err(|fault| ForgotError::Invalid(vec![fault]))?;
        if !self.may_mail(email.key()).await? {
            return Ok(());
        }
        let newcomer = retried(|| self.sole_registration(&email)).await?;
        let queued = match newcomer {
            Waiting::Sole(newcomer) => retried(|| self.send_again(&newcomer)).await?,
            Waiting::Contested => {
                let target = LinkTarget::parse(None, RESET_PAGE, &house.origins.load())
                    .map_err(|_| ForgotError::RefusedTarget)?;
                retried(|| self.offer_reset(&email, &target)).await?
            }
            Waiting::Nobody(target) => retried(|| self.offer_nobody(&email, &target)).await?,
        };
        if let Some(queued) = queued {
            house.courier.wake(queued);
            info!("confirmation mailed again");
        }
        Ok(())
    }

    /// What waits for the owner of the address.
    async fn sole_registration(&self, email: &EmailAddress) -> Result<Waiting, Unexpected> {
        let house = &*self.0;
        let target = LinkTarget::parse(None, CONFIRM_PAGE, &house.origins.load())
            .map_err(|_| Unexpected(anyhow::anyhow!("the built-in page is refused")))?;
        let user = users::find_by_email(&house.db, email).await?;
        let user = user.filter(|user| !user.email_confirmed && user.disabled_at.is_none());
        let id = user.as_ref().map_or(Uuid::nil(), |user| user.id);
        let links = link::unused_confirmations(&house.db, id).await?;
        let Some(user) = user else { return Ok(Waiting::Nobody(target)) };
        let registrations: Result<Vec<Pending>, Unexpected> =
            links.iter().map(|link| link::pending(&house.vault, link)).collect();
        let mut registrations = registrations?.into_iter();
        let Some(newest) = registrations.next() else { return Ok(Waiting::Contested) };
        let is_sole = newest.password_hash == user.password_hash
            && registrations.all(|other| other.password_hash == newest.password_hash);
        if !is_sole {
            return Ok(Waiting::Contested);
        }
        Ok(Waiting::Sole(Box::new(Newcomer { email: email.clone(), pending: newest, target })))
    }

    /// One transaction: the link and its mail.
    async fn send_again(&self, newcomer: &Newcomer) -> Result<Option<Queued>, Unexpected> {
        let house = &*self.0;
        let tx = transaction::begin(&house.db).await?;
        let owner = users::find_by_email(&tx, &newcomer.email).await?;
        let Some(owner) = owner.filter(|owner| !owner.email_confirmed && owner.disabled_at.is_none()) else {
            return Ok(None);
        };
        let message = self.confirmation(&tx, &owner, newcomer).await?;
        let queued = house.courier.enqueue(&tx, &message, house.clock.now()).await?;
        tx.commit().await?;
        Ok(Some(queued))
    }
}

/// What a resend finds.
enum Waiting {
    /// One registration, with one password.
    Sole(Box<Newcomer>),
    /// Several, or none that is remembered.
    Contested,
    /// No account waits; where the link would have started.
    Nobody(LinkTarget),
}
