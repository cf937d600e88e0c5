//! GET, PATCH and DELETE me, POST me/email, PUT me/password.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::call::Call;
use crate::api::cookies;
use crate::api::error::Problem;
use crate::api::v1::answer::Empty;
use crate::api::v1::form::{TextEdit, read};
use crate::api::v1::registrations::Address;
use crate::auth::{Password, PasswordChange, Profile, ProfileChange};
use crate::clock::Timestamp;
use crate::limits::Limit;

/// An account, as its owner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Profile)]
pub(super) struct Body {
    /// The `sub` of its tokens.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// The confirmed address.
    email: String,
    /// May be empty.
    first_name: String,
    /// May be empty.
    last_name: String,
    /// A language tag (BCP 47), for mails.
    #[schema(required)]
    locale: Option<String>,
    /// What an operator gave it.
    roles: Vec<String>,
    /// Whether the second step is asked for.
    two_factor_enabled: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What is to change; what is absent stays, and `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProfileChange)]
pub(super) struct Change {
    /// At most 100 characters.
    #[schema(value_type = Option<String>)]
    first_name: TextEdit,
    /// At most 100 characters.
    #[schema(value_type = Option<String>)]
    last_name: TextEdit,
    /// A language tag (BCP 47).
    #[schema(value_type = Option<String>)]
    locale: TextEdit,
}

/// The present password and the next one.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PasswordChange)]
pub(super) struct Passwords {
    /// The present one.
    current_password: String,
    /// At least `password_min_length` bytes, at most 128, and no common one.
    new_password: String,
}

impl From<Profile> for Body {
    fn from(profile: Profile) -> Self {
        Self {
            id: profile.id,
            email: profile.email,
            first_name: profile.first_name,
            last_name: profile.last_name,
            locale: profile.locale,
            roles: profile.roles,
            two_factor_enabled: profile.two_factor_enabled,
            created_at: profile.created_at,
        }
    }
}

pub(super) async fn show(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let profile = call.state.auth.profile(user.claims(), &call.client).await?;
    Ok(HttpResponse::Ok().json(Body::from(profile)))
}

pub(super) async fn update(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let Change { first_name, last_name, locale } = read(call.members(payload).await?)?;
    let change = ProfileChange { first_name: first_name.0, last_name: last_name.0, locale: locale.0 };
    let profile = call.state.auth.update_profile(user.claims(), &call.client, change).await?;
    Ok(HttpResponse::Ok().json(Body::from(profile)))
}

pub(super) async fn set_password(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let Passwords { current_password, new_password } = read(call.members(payload).await?)?;
    call.count(Limit::Login).await?;
    let change = PasswordChange {
        current: Password::new(&current_password),
        new: Password::new(&new_password),
        known_browser: cookies::known_browser(call.request()),
    };
    call.state.auth.change_password(user.claims(), &call.client, &change).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn ask_for_email(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let Address { email } = read(call.members(payload).await?)?;
    call.count(Limit::Mail).await?;
    call.state.auth.ask_for_email(user.claims(), &call.client, &email).await?;
    Ok(HttpResponse::Accepted().json(Empty {}))
}

pub(super) async fn delete(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    call.state.auth.delete_account(user.claims(), &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}
