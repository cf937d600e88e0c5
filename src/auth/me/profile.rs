//! The profile: what an owner may change without a fresh sign-in.

use entity::user;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::{Auth, MeError};
use crate::auth::registration::name_faults;
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

/// What is to be changed; absent: left alone.
#[derive(Default)]
pub struct ProfileChange {
    /// May be made empty.
    pub first_name: Option<String>,
    /// May be made empty.
    pub last_name: Option<String>,
    /// BCP 47 tag; the inner `None` takes it away.
    pub locale: Option<Option<String>>,
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
        let name = |name: &Option<String>| name.as_deref().unwrap_or_default().to_owned();
        let mut faults = name_faults(&name(&change.first_name), &name(&change.last_name));
        faults.extend(locale::fault(change.locale.as_ref().and_then(Option::as_deref)));
        if !faults.is_empty() {
            return Err(MeError::Invalid(faults));
        }
        let trimmed = |name: String| name.trim().to_owned();
        user.first_name = change.first_name.map_or(user.first_name, trimmed);
        user.last_name = change.last_name.map_or(user.last_name, trimmed);
        user.locale = change.locale.unwrap_or(user.locale);
        user::Entity::update_many()
            .col_expr(user::Column::FirstName, Expr::value(user.first_name.clone()))
            .col_expr(user::Column::LastName, Expr::value(user.last_name.clone()))
            .col_expr(user::Column::Locale, Expr::value(user.locale.clone()))
            .col_expr(user::Column::UpdatedAt, Expr::value(house.clock.now().millis()))
            .filter(user::Column::Id.eq(user.id))
            .exec(&house.db)
            .await?;
        Ok(user.into())
    }
}
