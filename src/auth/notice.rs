//! Mails that tell an owner what happened to the account.

use sea_orm::ConnectionTrait;

use super::{Auth, Unexpected};
use crate::courier::Queued;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// The account was locked.
    LockedOut,
    /// Somebody tried to register the address.
    RegistrationTried,
    /// The password was changed by a reset.
    PasswordReset,
    /// A factor was disabled by too many wrong codes.
    FactorDisabled,
}

impl Auth {
    /// Queues the mail through `tx`; the caller wakes the courier after the commit.
    pub(super) async fn notify(
        &self,
        tx: &impl ConnectionTrait,
        user: &entity::user::Model,
        notice: Notice,
    ) -> Result<Queued, Unexpected> {
        todo!()
    }
}
impl Auth {
    pub(super) async fn notify_if_allowed(
        &self,
        user: &entity::user::Model,
        notice: Notice,
    ) -> Result<(), Unexpected> {
        todo!()
    }
}
