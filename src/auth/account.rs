//! The view of a user that providers get.

use entity::user;

use crate::otp::Account;

impl From<&user::Model> for Account {
    fn from(user: &user::Model) -> Self {
        Self {
            id: user.id,
            email: user.email.clone(),
            email_confirmed: user.email_confirmed,
            name: full_name(user),
            locale: user.locale.clone(),
            confirmed_phone: user.phone_number.clone().filter(|_| user.phone_confirmed),
            has_authenticator: false,
        }
    }
}

/// First and last name, joined; empty if the user gave none.
pub(super) fn full_name(user: &user::Model) -> String {
    format!("{} {}", user.first_name, user.last_name).trim().to_owned()
}
