//! GET, PATCH and DELETE me, POST me/email, PUT me/password.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::web::Payload;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::api::call::Call;
use crate::api::cookies;
use crate::api::error::Problem;
use crate::api::v1::form::Form;
use crate::auth::{Password, PasswordChange, Profile, ProfileChange};
use crate::clock::Timestamp;
use crate::limits::Limit;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    id: Uuid,
    email: String,
    first_name: String,
    last_name: String,
    locale: Option<String>,
    roles: Vec<String>,
    two_factor_enabled: bool,
    created_at: Timestamp,
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
    let mut form = Form::new(call.members(payload).await?);
    let change = ProfileChange {
        first_name: form.edit("firstName"),
        last_name: form.edit("lastName"),
        locale: form.edit("locale"),
    };
    form.check()?;
    let profile = call.state.auth.update_profile(user.claims(), &call.client, change).await?;
    Ok(HttpResponse::Ok().json(Body::from(profile)))
}

pub(super) async fn set_password(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let mut form = Form::new(call.members(payload).await?);
    let (current, new) = (form.text("currentPassword"), form.text("newPassword"));
    form.check()?;
    call.count(Limit::Login).await?;
    let change = PasswordChange {
        current: Password::new(&current),
        new: Password::new(&new),
        known_browser: cookies::known_browser(call.request()),
    };
    call.state.auth.change_password(user.claims(), &call.client, &change).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn ask_for_email(call: Rc<Call>, payload: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    let mut form = Form::new(call.members(payload).await?);
    let email = form.text("email");
    form.check()?;
    call.count(Limit::Mail).await?;
    call.state.auth.ask_for_email(user.claims(), &call.client, &email).await?;
    Ok(HttpResponse::Accepted().json(json!({})))
}

pub(super) async fn delete(call: Rc<Call>, _: Payload) -> Result<HttpResponse, Problem> {
    let user = call.user()?;
    call.state.auth.delete_account(user.claims(), &call.client).await?;
    Ok(HttpResponse::NoContent().finish())
}
