//! The profile: what an owner may change without a fresh sign-in.

use entity::user;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ActiveValue::Unchanged, ColumnTrait as _, EntityTrait as _,
    QueryFilter as _,
};
use uuid::Uuid;

use super::{Auth, MeError};
use crate::auth::fields::name_faults;
use crate::auth::user::roles_of;
use crate::auth::{Client, locale};
use crate::clock::Timestamp;
use crate::token::Claims;

/// The account as its owner sees it.
pub struct Profile {
    /// The `sub` of tokens.
    pub id: Uuid,
    /// The address.
    pub email: String,
    /// May be empty.
    pub first_name: String,
    /// May be empty.
    pub last_name: String,
    /// BCP 47 tag.
    pub locale: Option<String>,
    /// Names of roles.
    pub roles: Vec<String>,
    /// Whether the second step is on.
    pub two_factor_enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is to become of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is taken away.
    Clear,
    /// It is this from now on.
    Set(String),
}

impl Edit {
    fn new_text(&self) -> Option<&str> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(text) => Some(text),
        }
    }

    /// The new text, if there is to be one.
    fn into_text(self) -> Option<String> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(text) => Some(text.trim().to_owned()),
        }
    }
}

/// What is to be changed of a profile.
#[derive(Default)]
pub struct ProfileChange {
    /// May be cleared.
    pub first_name: Edit,
    /// May be cleared.
    pub last_name: Edit,
    /// BCP 47 tag; may be cleared.
    pub locale: Edit,
}

impl From<user::Model> for Profile {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.id,
            roles: roles_of(&user),
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            locale: user.locale,
            two_factor_enabled: user.two_factor_enabled,
            created_at: Timestamp::from_millis(user.created_at),
        }
    }
}

impl Auth {
    /// The profile of the token's owner.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn profile(&self, claims: &Claims, client: &Client) -> Result<Profile, MeError> {
        Ok(self.owner(claims, client).await?.user.into())
    }

    /// Changes the profile.
    ///
    /// # Errors
    /// [`MeError`]
    pub async fn update_profile(
        &self,
        claims: &Claims,
        client: &Client,
        change: ProfileChange,
    ) -> Result<Profile, MeError> {
        let house = &*self.0;
        let mut user = self.owner(claims, client).await?.user;
        let new = |edit: &Edit| edit.new_text().unwrap_or_default().to_owned();
        let mut faults = name_faults(&new(&change.first_name), &new(&change.last_name));
        faults.extend(locale::fault(change.locale.new_text()));
        if !faults.is_empty() {
            return Err(MeError::Invalid(faults));
        }
        // Only what is to change: two changes of different members at once both stay.
        let mut row = user::ActiveModel { id: Unchanged(user.id), ..Default::default() };
        if change.first_name != Edit::Keep {
            user.first_name = change.first_name.into_text().unwrap_or_default();
            row.first_name = Set(user.first_name.clone());
        }
        if change.last_name != Edit::Keep {
            user.last_name = change.last_name.into_text().unwrap_or_default();
            row.last_name = Set(user.last_name.clone());
        }
        if change.locale != Edit::Keep {
            user.locale = change.locale.into_text();
            row.locale = Set(user.locale.clone());
        }
        if row.is_changed() {
            user::Entity::update_many().set(row).filter(user::Column::Id.eq(user.id)).exec(&house.db).await?;
        }
        Ok(user.into())
    }
}
