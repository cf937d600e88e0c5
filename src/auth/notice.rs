//! Mails that tell an owner what happened to the account.

use std::time::Duration;

use anyhow::Context as _;
use entity::user;
use sea_orm::ConnectionTrait;

use super::account::Reader;
use super::me::Change;
use super::window::{self, Taken};
use super::{Auth, EmailAddress, Unexpected};
use crate::courier::{
    AccountChanged, Carrier, Content, FactorDisabled, Lifetime, LockedOut, Message, Notice as NoticeText,
    Priority, Queued,
};
use crate::otp::ProviderKind;
use crate::vault::{Use, Vault};

/// A notice that could not be sent for a day tells nobody anything.
const NOTICE_LIFETIME: Duration = Duration::from_hours(24);
/// Where a new password is asked for, if the client has no page of its own.
pub(super) const FORGOT_PAGE: &str = "/authentication/forgotpassword";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice<'a> {
    /// The account was locked; at this page a new password is asked for.
    LockedOut(&'a str),
    /// Somebody tried to register the address.
    RegistrationTried,
    /// The password was changed by a reset.
    PasswordReset,
    /// A factor was disabled by too many wrong codes: of the provider of that name and kind.
    FactorDisabled(&'a str, ProviderKind),
    /// A recovery code was used to sign in.
    RecoveryCodeUsed,
    /// Two recovery codes are left.
    FewRecoveryCodes,
    /// Its owner changed something.
    Changed(Change),
}

/// The window in which mails that anyone can cause are counted, known address or not.
pub(super) fn mail_window(vault: &Vault, email_key: &str) -> String {
    format!("mail:{}", vault.fingerprint(Use::Destination, &[b"mail", email_key.as_bytes()]))
}

impl Auth {
    /// Counts a mail to an address that anyone can cause; false if it has had its share.
    pub(super) async fn may_mail(&self, email_key: &str) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let key = mail_window(&house.vault, email_key);
        let taken =
            window::take(&house.db, &key, **house.mail_per_destination.load(), house.clock.now()).await?;
        Ok(taken == Taken::Counted)
    }

    /// Queues the mail through `tx`; the caller wakes the courier after the commit.
    pub(super) async fn notify(
        &self,
        tx: &impl ConnectionTrait,
        user: &user::Model,
        notice: Notice<'_>,
    ) -> Result<Queued, Unexpected> {
        let message = self.notice_message(&Reader::owner(user), notice)?;
        Ok(self.0.courier.enqueue(tx, &message, self.0.clock.now()).await?)
    }

    /// Queues a notice that anyone can cause, unless the address has had its share of those.
    pub(super) async fn notify_if_allowed(
        &self,
        user: &user::Model,
        notice: Notice<'_>,
    ) -> Result<(), Unexpected> {
        if self.may_mail(&user.email_key).await? {
            let queued = self.notify(&self.0.db, user, notice).await?;
            self.0.courier.wake(queued);
        }
        Ok(())
    }

    /// What [`Auth::notify_if_allowed`] costs, for an address that nobody has.
    pub(super) async fn notify_nobody(
        &self,
        email: &EmailAddress,
        notice: Notice<'_>,
    ) -> Result<(), Unexpected> {
        if self.may_mail(email.key()).await? {
            let message = self.notice_message(&Reader::stranger(email), notice)?;
            self.0.courier.enqueue_decoy(&self.0.db, &message, self.0.clock.now()).await?;
        }
        Ok(())
    }

    fn notice_message(&self, reader: &Reader, notice: Notice<'_>) -> Result<Message, Unexpected> {
        let (page, host) = (self.page(FORGOT_PAGE), self.host());
        let templates = self.0.templates.load();
        let Reader { address, name, language } = reader;
        let language = *language;
        let text = NoticeText { name, page: &page, host: &host };
        let content = match notice {
            Notice::LockedOut(page) => {
                let lifetime = Lifetime(self.0.accounts.lockout_duration.0, language);
                templates.email("locked_out", language, LockedOut { name, page, lifetime, host: &host })
            }
            Notice::RegistrationTried => templates.email("registration_tried", language, text),
            Notice::PasswordReset => templates.email("password_reset", language, text),
            Notice::FactorDisabled(provider, kind) => {
                let kind = kind.as_str();
                let disabled = FactorDisabled { name, page: &page, provider, kind, host: &host };
                templates.email("factor_disabled", language, disabled)
            }
            Notice::RecoveryCodeUsed => templates.email("recovery_code_used", language, text),
            Notice::FewRecoveryCodes => templates.email("few_recovery_codes", language, text),
            Notice::Changed(change) => {
                let changed = AccountChanged { name, page: &page, change: change.as_str(), host: &host };
                templates.email("account_changed", language, changed)
            }
        };
        let content = content.context("a notice does not render")?;
        Ok(self.mail(address, content, NOTICE_LIFETIME))
    }

    /// A mail without a code, to be sent within `lifetime`.
    pub(super) fn mail(&self, to: &str, content: Content, lifetime: Duration) -> Message {
        Message {
            carrier: Carrier::Mail,
            to: to.to_owned(),
            content,
            code: None,
            priority: Priority::Notice,
            expires_at: self.0.clock.now().plus(lifetime),
        }
    }

    /// The address of the built-in page at `path`.
    pub(super) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0.origins.load().public_url.as_str().trim_end_matches('/'))
    }

    /// The host of `public_url`: who writes.
    pub(super) fn host(&self) -> String {
        self.0.origins.load().public_url.host_str().unwrap_or_default().to_owned()
    }
}
