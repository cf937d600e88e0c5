use entity::{authenticator, factor, user};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, DatabaseConnection, IntoActiveModel as _};

use super::*;
use crate::auth::fixture::{self, NOW};

fn enabled(providers: &[(&str, ProviderKind)]) -> Vec<Enabled> {
    providers.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()
}

const EMAIL: (&str, ProviderKind) = ("Email", ProviderKind::Email);
const SMS: (&str, ProviderKind) = ("Sms", ProviderKind::Sms);
const APP: (&str, ProviderKind) = ("Authenticator", ProviderKind::Authenticator);
const OWN: (&str, ProviderKind) = ("Own", ProviderKind::Custom);

/// A user with the second step on, changed by `change`.
async fn insert(
    db: &DatabaseConnection,
    email: &str,
    change: impl FnOnce(&mut user::ActiveModel),
) -> user::Model {
    let mut row = fixture::insert_user(db, email).await.into_active_model();
    row.two_factor_enabled = Set(true);
    change(&mut row);
    row.update(db).await.unwrap()
}

fn only_by_phone(row: &mut user::ActiveModel) {
    row.email_confirmed = Set(false);
    row.phone_number = Set(Some("+4915112345678".to_owned()));
    row.phone_confirmed = Set(true);
}

async fn enrol(db: &DatabaseConnection, user: &user::Model) {
    let row = authenticator::ActiveModel {
        user_id: Set(user.id),
        secret: Set(Some(vec![1])),
        confirmed_at: Set(Some(NOW.millis())),
        last_step: Set(0),
        pending_secret: Set(None),
        pending_at: Set(None),
        pending_attempts: Set(0),
    };
    authenticator::Entity::insert(row).exec_without_returning(db).await.unwrap();
}

#[actix::test]
async fn those_are_counted_whom_only_the_provider_could_reach() {
    let house = fixture::house().await;
    let db = house.db();
    insert(db, "mail@example.com", |_| ()).await;
    insert(db, "both@example.com", |row| {
        row.phone_number = Set(Some("+4915112345670".to_owned()));
        row.phone_confirmed = Set(true);
    })
    .await;
    insert(db, "phone@example.com", only_by_phone).await;
    insert(db, "no-step@example.com", |row| {
        only_by_phone(row);
        row.two_factor_enabled = Set(false);
    })
    .await;
    insert(db, "disabled@example.com", |row| {
        only_by_phone(row);
        row.disabled_at = Set(Some(1));
    })
    .await;
    insert(db, "unreachable@example.com", |row| row.email_confirmed = Set(false)).await;
    let app = insert(db, "app@example.com", only_by_phone).await;
    enrol(db, &app).await;
    let count = async |before: &[_], after: &[_]| {
        house.auth.count_left_without(&enabled(before), &enabled(after)).await.unwrap()
    };

    assert_eq!(count(&[EMAIL, SMS, APP], &[EMAIL, APP]).await, 1, "phone");
    assert_eq!(count(&[EMAIL, SMS], &[EMAIL]).await, 2, "phone, app");
    assert_eq!(count(&[EMAIL, SMS], &[SMS]).await, 1, "mail");
    assert_eq!(count(&[EMAIL, SMS, APP], &[]).await, 4, "everybody who was reached");
    assert_eq!(count(&[EMAIL, SMS, OWN], &[EMAIL, SMS]).await, 0);
    assert_eq!(count(&[SMS], &[EMAIL, SMS]).await, 0);
}

#[actix::test]
async fn a_factor_that_wrong_codes_have_disabled_reaches_nobody() {
    let house = fixture::house().await;
    let db = house.db();
    let user = insert(db, "jo@example.com", |row| {
        row.phone_number = Set(Some("+4915112345670".to_owned()));
        row.phone_confirmed = Set(true);
    })
    .await;
    let row = factor::ActiveModel {
        user_id: Set(user.id),
        provider: Set("Email".to_owned()),
        failures: Set(100),
        disabled_at: Set(Some(1)),
    };
    factor::Entity::insert(row).exec_without_returning(db).await.unwrap();

    let left = house.auth.count_left_without(&enabled(&[EMAIL, SMS]), &enabled(&[EMAIL])).await.unwrap();

    assert_eq!(left, 1);
}
