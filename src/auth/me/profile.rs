//! The profile: what an owner may change without a fresh sign-in.

use entity::user;
use sea_orm::{
    ActiveValue::Set, ActiveValue::Unchanged, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use serde_json::json;
use uuid::Uuid;

use super::{Auth, MeError, Owner};
use crate::auth::event::{self, EventKind};
use crate::auth::fields::name_faults;
use crate::auth::transaction::{self, retried};
use crate::auth::user::roles_of;
use crate::auth::{Client, Unexpected, locale};
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

    /// The text that takes the place of `old`, if it is another one; where there is to be none, it is empty.
    fn instead_of(&self, old: &str) -> Option<String> {
        let new = match self {
            Self::Keep => old,
            Self::Clear => "",
            Self::Set(text) => text.trim(),
        };
        (new != old).then(|| new.to_owned())
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
        let mut owner = self.owner(claims, client).await?;
        let mut user = owner.user.clone();
        let new = |edit: &Edit| edit.new_text().unwrap_or_default().to_owned();
        let mut faults = name_faults(&new(&change.first_name), &new(&change.last_name));
        faults.extend(locale::fault(change.locale.new_text()));
        if !faults.is_empty() {
            return Err(MeError::Invalid(faults));
        }
        // Only what is to change: two changes of different members at once both stay.
        let mut row = user::ActiveModel { id: Unchanged(user.id), ..Default::default() };
        let mut members = Vec::new();
        if let Some(new) = change.first_name.instead_of(&user.first_name) {
            user.first_name = new;
            row.first_name = Set(user.first_name.clone());
            members.push("firstName");
        }
        if let Some(new) = change.last_name.instead_of(&user.last_name) {
            user.last_name = new;
            row.last_name = Set(user.last_name.clone());
            members.push("lastName");
        }
        if let Some(new) = change.locale.instead_of(user.locale.as_deref().unwrap_or_default()) {
            user.locale = Some(new).filter(|new| !new.is_empty());
            row.locale = Set(user.locale.clone());
            members.push("locale");
        }
        owner.user = user;
        if !members.is_empty() && !retried(|| self.write_profile(&owner, &row, &members)).await? {
            return Err(MeError::Gone);
        }
        Ok(owner.user.into())
    }

    /// One transaction: the profile and its event. False if the account is gone.
    async fn write_profile(
        &self,
        owner: &Owner<'_>,
        row: &user::ActiveModel,
        members: &[&str],
    ) -> Result<bool, Unexpected> {
        let house = &*self.0;
        let (id, session) = (owner.user.id, owner.claims.session_id);
        let tx = transaction::begin(&house.db).await?;
        let written = user::Entity::update_many().set(row.clone()).filter(user::Column::Id.eq(id));
        if written.exec(&tx).await?.rows_affected != 1 {
            return Ok(false);
        }
        let (address, detail) =
            (Some(owner.client.address), json!({ "session": session, "members": members }));
        event::record(&tx, id, EventKind::ProfileChanged, address, &detail, house.clock.now()).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use entity::event as events;
    use sea_orm::PaginatorTrait as _;

    use super::*;
    use crate::auth::fixture;

    #[actix_web::test]
    async fn the_profile_of_an_account_that_is_gone_is_not_changed_and_no_fault() {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        let (claims, client) = (house.signed_in(&jo).await, fixture::client());
        let owner = Owner { user: jo.clone(), claims: &claims, client: &client };
        let row = user::ActiveModel { first_name: Set("Jo".to_owned()), ..Default::default() };
        let write = async || house.auth.write_profile(&owner, &row, &["firstName"]).await.unwrap();

        assert!(write().await);
        assert_eq!(events::Entity::find().count(house.db()).await.unwrap(), 1);
        user::Entity::delete_by_id(jo.id).exec(house.db()).await.unwrap();
        assert!(!write().await);
    }

    #[test]
    fn what_stays_as_it_is_is_no_change() {
        let set = |text: &str| Edit::Set(text.to_owned());

        assert_eq!(Edit::Keep.instead_of("Jo"), None);
        assert_eq!(set(" Jo ").instead_of("Jo"), None);
        assert_eq!(set("").instead_of(""), None);
        assert_eq!(Edit::Clear.instead_of(""), None);
        assert_eq!(Edit::Clear.instead_of("Jo").as_deref(), Some(""));
        assert_eq!(set(" Al ").instead_of("Jo").as_deref(), Some("Al"));
    }
}
