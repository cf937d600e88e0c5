//! The views of a user that providers and mails get.

use entity::user;

use super::{EmailAddress, user as users};
use crate::courier::Language;
use crate::otp::Account;

impl From<&user::Model> for Account {
    fn from(user: &user::Model) -> Self {
        Self {
            id: user.id,
            email: user.email.clone(),
            email_confirmed: user.email_confirmed,
            name: full_name(user),
            locale: user.locale.clone(),
            confirmed_phone: users::confirmed_phone(user).map(str::to_owned),
            has_authenticator: false,
        }
    }
}

/// First and last name, joined; empty if the user gave none.
pub(super) fn full_name(user: &user::Model) -> String {
    format!("{} {}", user.first_name, user.last_name).trim().to_owned()
}

/// Whom a mail is for.
pub(super) struct Reader {
    pub address: String,
    /// May be empty.
    pub name: String,
    pub language: Language,
}

impl Reader {
    /// The owner of an account.
    pub(super) fn owner(user: &user::Model) -> Self {
        let language = Language::of(user.locale.as_deref());
        Self { address: user.email.clone(), name: full_name(user), language }
    }

    /// Somebody of whom nothing is known.
    pub(super) fn stranger(email: &EmailAddress) -> Self {
        Self { address: email.as_str().to_owned(), name: String::new(), language: Language::English }
    }
}
