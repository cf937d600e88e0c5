use std::net::Ipv4Addr;
use std::time::Duration;

use entity::session as sessions;
use sea_orm::{ActiveModelTrait as _, ConnectionTrait as _, IntoActiveModel as _, PaginatorTrait as _};

use super::*;
use crate::auth::fixture;

#[actix_web::test]
async fn what_changed_while_the_password_was_hashed_counts() {
    let house = fixture::house().await;
    let read = fixture::insert_user(house.db(), "jo@example.com").await;
    let client = Client { address: "192.0.2.1".parse().unwrap(), user_agent: String::new() };
    let set = async |column: user::Column, value: Expr| {
        user::Entity::update_many().col_expr(column, value).exec(house.db()).await.unwrap();
    };

    set(user::Column::Roles, Expr::value("[\"Administrator\"]")).await;
    let way_in = WayIn { client: &client, device: None, kind: SessionKind::AccessOnly };
    let grant = house.auth.open_session(&read, &way_in).await.unwrap();
    set(user::Column::TwoFactorEnabled, Expr::value(true)).await;
    let without_a_code = house.auth.open_session(&read, &way_in).await.unwrap();

    assert_eq!(grant.unwrap().grant.roles, ["Administrator"]);
    assert!(without_a_code.is_none());
}

#[actix_web::test]
async fn nobody_signs_in_who_has_changed_since_the_password_was_checked() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let older = user::Model { security_stamp: users::new_stamp(), ..jo.clone() };
    let client = Client { address: Ipv4Addr::LOCALHOST.into(), user_agent: String::new() };
    let sign_in = async |user| {
        let way_in = WayIn { client: &client, device: None, kind: SessionKind::AccessOnly };
        house.auth.sign_in_with_password(user, &way_in, KnownBrowser::default()).await
    };

    assert!(matches!(sign_in(&older).await, Err(LoginError::InvalidCredentials)));
    assert_eq!(sessions::Entity::find().count(house.db()).await.unwrap(), 0);
    assert!(sign_in(&jo).await.is_ok());
}

#[actix_web::test]
async fn a_session_without_its_event_is_not_opened() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let client = Client { address: Ipv4Addr::LOCALHOST.into(), user_agent: String::new() };
    house.db().execute_unprepared("DROP TABLE events").await.unwrap();

    let way_in = WayIn { client: &client, device: None, kind: SessionKind::AccessOnly };
    let failed = house.auth.sign_in_with_password(&jo, &way_in, KnownBrowser::default()).await;

    assert!(matches!(failed, Err(LoginError::Unexpected(_))));
    assert_eq!(sessions::Entity::find().count(house.db()).await.unwrap(), 0);
}

#[actix_web::test]
async fn a_rehash_leaves_a_password_alone_that_was_set_meanwhile() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let older = user::Model { password_hash: "$2b$04$of the old password".to_owned(), ..jo.clone() };

    house.auth.rehashed(older, &Password::new("the old one")).await;

    assert_eq!(house.user("jo@example.com").await, jo);
}

#[actix_web::test]
async fn a_device_that_was_forgotten_or_ran_out_meanwhile_opens_nothing() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let on = user::Model { two_factor_enabled: true, ..jo.clone() };
    user::Entity::update(on.clone().into_active_model().reset_all()).exec(house.db()).await.unwrap();
    let client = Client { address: Ipv4Addr::LOCALHOST.into(), user_agent: String::new() };
    let (day, now) = (Duration::from_hours(24), house.clock.now());
    let made = device::remember(house.db(), jo.id, &client, "a challenge", day, now).await.unwrap();
    let read = device::find(house.db(), &on, &[made.token], now).await.unwrap().unwrap();
    let way_in = WayIn { client: &client, device: Some(&read), kind: SessionKind::AccessOnly };

    let there = house.auth.open_session(&on, &way_in).await.unwrap();
    device::forget_all(house.db(), jo.id).await.unwrap();
    let forgotten = house.auth.open_session(&on, &way_in).await.unwrap();
    let made = device::remember(house.db(), jo.id, &client, "another", day, now).await.unwrap();
    let read = device::find(house.db(), &on, &[made.token], now).await.unwrap().unwrap();
    house.clock.advance(day);
    let way_in = WayIn { device: Some(&read), ..way_in };
    let run_out = house.auth.open_session(&on, &way_in).await.unwrap();

    assert!(there.is_some() && forgotten.is_none() && run_out.is_none());
}
