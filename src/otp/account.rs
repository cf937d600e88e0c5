//! What a provider may know of a user.

use uuid::Uuid;

/// The view of a user that providers see, filled by `auth`.
#[derive(Clone, Debug)]
pub struct Account {
    /// Id of the user.
    pub id: Uuid,
    /// Mail address as its owner writes it.
    pub email: String,
    /// Whether the address is confirmed.
    pub email_confirmed: bool,
    /// First and last name; may be empty.
    pub name: String,
    /// BCP 47 tag, if the user chose one.
    pub locale: Option<String>,
    /// Confirmed phone number, E.164.
    pub confirmed_phone: Option<String>,
    /// Whether an authenticator is enrolled.
    pub has_authenticator: bool,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::otp) fn jane() -> Account {
        Account {
            id: Uuid::new_v4(),
            email: "jane@example.com".to_owned(),
            email_confirmed: true,
            name: "Jane Doe".to_owned(),
            locale: None,
            confirmed_phone: Some("+4915112345667".to_owned()),
            has_authenticator: false,
        }
    }
}
