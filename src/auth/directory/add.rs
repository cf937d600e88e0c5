//! Accounts made by an operator.

use entity::user;
use log::info;
use serde_json::json;

use super::{DirectoryError, ImportedPassword, NewUser, UserSummary, checked_roles};
use crate::auth::event::{self, EventKind};
use crate::auth::hashing::accepts;
use crate::auth::transaction::{self, is_taken, retried};
use crate::auth::{Auth, EmailAddress, FieldError, Unexpected, user as users};
use crate::otp::PhoneNumber;

/// An account that is checked and whose password is hashed, but that is not there yet.
pub struct PreparedUser(user::Model);

impl Auth {
    /// Makes an account.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn add_user(&self, new: NewUser) -> Result<UserSummary, DirectoryError> {
        self.add_prepared_user(self.prepare_user(new).await?).await
    }

    /// The part of [`Auth::add_user`] that takes time and changes nothing.
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn prepare_user(&self, new: NewUser) -> Result<PreparedUser, DirectoryError> {
        let mut user = self.checked(&new).map_err(DirectoryError::Invalid)?;
        user.password_hash = match new.password {
            ImportedPassword::Clear(password) => self.0.hashing.hash(&password).await?,
            ImportedPassword::Hash(phc) => phc,
            // Matches no password; the owner sets one by "forgot password".
            ImportedPassword::None => String::new(),
        };
        Ok(PreparedUser(user))
    }

    /// The rest of [`Auth::add_user`].
    ///
    /// # Errors
    /// [`DirectoryError`]
    pub async fn add_prepared_user(
        &self,
        PreparedUser(user): PreparedUser,
    ) -> Result<UserSummary, DirectoryError> {
        if !retried(|| self.insert_user(&user)).await? {
            return Err(DirectoryError::Taken);
        }
        info!(user_id:% = user.id; "user added");
        self.summary(user).await
    }

    /// The row of a new user, without its hash; or everything that is wrong.
    fn checked(&self, new: &NewUser) -> Result<user::Model, Vec<FieldError>> {
        let (accounts, now) = (&self.0.accounts, self.0.clock.now());
        let email = EmailAddress::from_field(&new.email);
        let default_role = std::slice::from_ref(&accounts.default_role);
        let roles = checked_roles(if new.roles.is_empty() { default_role } else { &new.roles });
        let phone = checked_phone(new);
        let password_faults = match &new.password {
            ImportedPassword::Clear(password) => password.faults(accounts),
            ImportedPassword::Hash(phc) => {
                accepts(phc).err().into_iter().map(|reason| unusable_hash(&reason)).collect()
            }
            ImportedPassword::None => Vec::new(),
        };
        match (email, roles, phone) {
            (Ok(email), Ok(roles), Ok(phone_number)) if password_faults.is_empty() => Ok(user::Model {
                roles: users::roles_column(&roles),
                email_confirmed: new.email_confirmed,
                two_factor_enabled: new.two_factor_enabled.unwrap_or(accounts.two_factor_for_new_users),
                phone_number,
                phone_confirmed: new.phone_confirmed,
                email_confirmed_at: new.email_confirmed.then_some(now.millis()),
                phone_confirmed_at: new.phone_confirmed.then_some(now.millis()),
                ..users::new_row(&email, String::new(), now)
            }),
            (email, roles, phone) => {
                let others = [email.err(), roles.err(), phone.err()];
                Err(others.into_iter().flatten().chain(password_faults).collect())
            }
        }
    }

    /// False if the address is taken: its unique key decides.
    async fn insert_user(&self, user: &user::Model) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let tx = transaction::begin(&house.db).await?;
        match users::insert(&tx, user).await {
            Ok(()) => {}
            Err(error) if is_taken(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        event::record(&tx, user.id, EventKind::UserAdded, None, &json!({}), house.clock.now()).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn unusable_hash(reason: &str) -> FieldError {
    FieldError {
        field: "passwordHash",
        code: "invalid",
        message: format!("The password hash cannot be used: {reason}."),
    }
}

fn checked_phone(new: &NewUser) -> Result<Option<String>, FieldError> {
    let fault =
        |message: &str| FieldError { field: "phoneNumber", code: "invalid", message: message.to_owned() };
    let Some(number) = new.phone_number.as_deref().map(str::trim) else {
        let is_sound = !new.phone_confirmed;
        return if is_sound {
            Ok(None)
        } else {
            Err(fault("There is no phone number that could be confirmed."))
        };
    };
    PhoneNumber::parse(number)
        .map(|number| Some(number.as_str().to_owned()))
        .map_err(|wrong| fault(&wrong.to_string()))
}
