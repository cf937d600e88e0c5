//! Exchanges by construction, and what of chains is removed.

use std::net::Ipv4Addr;
use std::time::Duration;

use entity::refresh_token;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, PaginatorTrait as _, QueryFilter as _};

use super::*;
use crate::auth::fixture::{self, House};
use crate::auth::session::{Opened, Passed};
use crate::auth::{SessionKind, SessionLifetimes};

const DAY: Duration = Duration::from_hours(24);

fn client() -> Client {
    Client { address: Ipv4Addr::LOCALHOST.into(), user_agent: String::new() }
}

/// A sign-in and its first token.
async fn signed_in(house: &House, user: &user::Model) -> (Grant, String) {
    let lifetimes = SessionLifetimes { access: DAY, refresh_idle: 14 * DAY, refresh_absolute: 30 * DAY };
    let (passed, kind, now) = (Passed::password_on(None), SessionKind::Refreshable, house.clock.now());
    let opened = sessions::open(house.db(), user, &client(), passed, kind, &lifetimes, now).await.unwrap();
    let Opened { grant, refresh } = opened;
    (grant, refresh.unwrap().token)
}

async fn refreshed(house: &House, token: &str) -> String {
    house.auth.refresh(token, &client()).await.unwrap().refresh.token
}

/// Tokens that are kept of a session.
async fn kept(house: &House, grant: &Grant) -> u64 {
    let of_session = refresh_token::Column::SessionId.eq(grant.session_id);
    refresh_token::Entity::find().filter(of_session).count(house.db()).await.unwrap()
}

#[actix_web::test]
async fn of_two_exchanges_of_one_row_one_uses_it_up() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (_, token) = signed_in(&house, &jo).await;
    let (db, now) = (house.db(), house.clock.now());
    let (_, late) = signed_in(&house, &jo).await;

    assert!(chain::use_up(db, &token, now).await.unwrap());
    assert!(!chain::use_up(db, &token, now).await.unwrap());
    assert!(!chain::use_up(db, &late, now.plus(14 * DAY)).await.unwrap(), "nobody used it in its time");
    assert!(!chain::use_up(db, "nobody's", now).await.unwrap());
}

#[actix_web::test]
async fn a_user_who_is_off_by_the_row_alone_exchanges_nothing() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (grant, token) = signed_in(&house, &jo).await;
    let switch = async |off: Option<i64>| {
        let set = user::Entity::update_many().col_expr(user::Column::DisabledAt, Expr::value(off));
        set.exec(house.db()).await.unwrap();
    };

    switch(Some(1)).await;
    let refused = house.auth.refresh(&token, &client()).await;
    switch(None).await;

    assert!(matches!(refused, Err(RefreshError::Invalid)));
    assert_eq!(kept(&house, &grant).await, 1, "and nothing is used up");
    refreshed(&house, &token).await;
}

#[actix_web::test]
async fn the_tokens_of_dead_sessions_go_and_those_of_living_ones_stay_whole() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let ((ended, first), (living, token)) = (signed_in(&house, &jo).await, signed_in(&house, &jo).await);
    let second = refreshed(&house, &first).await;
    let next = refreshed(&house, &token).await;
    house.auth.logout(&second, &client()).await.unwrap();
    let prune = async |before| prune(house.db(), before).await.unwrap();

    let at_its_end = prune(house.clock.now()).await;
    house.clock.advance(Duration::from_millis(1));
    let after = prune(house.clock.now()).await;

    assert_eq!((at_its_end, after), (0, 2), "the whole chain, used or not");
    assert_eq!((kept(&house, &ended).await, kept(&house, &living).await), (0, 2));
    house.clock.advance(13 * DAY);
    let third = refreshed(&house, &next).await;
    house.clock.advance(13 * DAY);
    assert_eq!(prune(house.clock.now()).await, 0, "what was exchanged long ago still tells of a theft");
    assert!(matches!(house.auth.refresh(&token, &client()).await, Err(RefreshError::Invalid)));
    assert!(matches!(house.auth.refresh(&third, &client()).await, Err(RefreshError::Invalid)));
    house.clock.advance(5 * DAY);
    assert_eq!(prune(house.clock.now()).await, 3);
}

#[actix_web::test]
async fn the_tokens_of_a_session_that_ran_out_go() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (grant, _) = signed_in(&house, &jo).await;
    house.clock.advance(30 * DAY);

    assert_eq!(prune(house.db(), house.clock.now()).await.unwrap(), 0);
    house.clock.advance(Duration::from_millis(1));
    assert_eq!(prune(house.db(), house.clock.now()).await.unwrap(), 1);
    assert_eq!(kept(&house, &grant).await, 0);
}
