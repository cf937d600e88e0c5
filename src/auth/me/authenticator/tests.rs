//! Changes of one account that were decided by what is true no more.

use entity::event;
use sea_orm::PaginatorTrait as _;

use super::*;
use crate::auth::fixture::{self, House, client};
use crate::auth::session;

/// An app that waits for its first code.
async fn pending(house: &House, user: &user::Model) -> Vec<u8> {
    let sealed = apps::seal(&house.vault, user.id, &SharedSecret::draw());
    house.auth.keep_pending(user, &sealed).await.unwrap();
    sealed
}

async fn apps_of(house: &House, user: &user::Model) -> Option<Model> {
    Entity::find_by_id(user.id).one(house.db()).await.unwrap()
}

#[actix_web::test]
async fn what_stands_in_the_way_of_a_right_first_code_is_told() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (claims, client) = (house.signed_in(&jo).await, client());
    let sealed = pending(&house, &jo).await;
    let owner = |user: user::Model| Owner { user, claims: &claims, client: &client };
    let older = owner(user::Model { security_stamp: users::new_stamp(), ..jo.clone() });
    let confirm =
        async |owner: &Owner<'_>, sealed: &[u8]| house.auth.confirm(owner, sealed, 7).await.unwrap();

    let changed = confirm(&older, &sealed).await;
    let another = confirm(&owner(jo.clone()), b"another secret").await;
    let confirmed = confirm(&owner(jo.clone()), &sealed).await;
    let again = confirm(&owner(jo.clone()), &sealed).await;
    pending(&house, &jo).await;
    session::end(house.db(), claims.session_id, house.clock.now()).await.unwrap();
    let ended =
        confirm(&owner(jo.clone()), &apps_of(&house, &jo).await.unwrap().pending_secret.unwrap()).await;

    assert!(matches!(changed, Ok(None)), "as for every other change that another one overtook");
    assert!(matches!(another, Err(MeError::Closed)));
    assert!(matches!(confirmed, Ok(Some(_))));
    assert!(matches!(again, Err(MeError::Closed)));
    assert!(matches!(ended, Err(MeError::Gone)));
    assert_eq!(event::Entity::find().count(house.db()).await.unwrap(), 1);
}

#[actix_web::test]
async fn an_app_that_was_confirmed_meanwhile_is_no_pending_one() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (claims, client) = (house.signed_in(&jo).await, client());
    let sealed = pending(&house, &jo).await;
    let owner = Owner { user: jo.clone(), claims: &claims, client: &client };

    house.auth.confirm(&owner, &sealed, 7).await.unwrap().unwrap();
    let dropped = drop_pending(house.db(), &jo).await.unwrap();

    assert!(!dropped);
    assert_eq!(apps_of(&house, &jo).await.unwrap().secret, Some(sealed));
}

#[actix_web::test]
async fn of_two_removals_that_each_left_the_other_factor_one_goes_on() {
    for phone_first in [true, false] {
        let house = fixture::house().await;
        let jo = fixture::insert_user(house.db(), "jo@example.com").await;
        fixture::give_phone(house.db(), &jo, "+46701234567").await;
        let jo = house.user("jo@example.com").await;
        let (claims, client) = (house.signed_in(&jo).await, client());
        let owner = Owner { user: jo.clone(), claims: &claims, client: &client };
        let sealed = pending(&house, &jo).await;
        house.auth.confirm(&owner, &sealed, 7).await.unwrap().unwrap();

        let (phone, app) = if phone_first {
            let phone = house.auth.drop_number(&owner).await.unwrap();
            (phone, house.auth.delete_app(&owner).await.unwrap())
        } else {
            let app = house.auth.delete_app(&owner).await.unwrap();
            (house.auth.drop_number(&owner).await.unwrap(), app)
        };

        assert_eq!((phone.is_some(), app.is_some()), (phone_first, !phone_first));
        assert_eq!(house.user("jo@example.com").await.phone_number.is_some(), !phone_first);
        assert_eq!(apps_of(&house, &jo).await.is_some(), phone_first);
    }
}

#[actix_web::test]
async fn of_two_that_read_one_row_one_takes_its_turn() {
    let house = fixture::house().await;
    let (db, now) = (house.db(), house.clock.now());
    let jo = fixture::insert_user(db, "jo@example.com").await;

    assert!(users::take_turn(db, &jo, now).await.unwrap());
    assert!(!users::take_turn(db, &jo, now).await.unwrap(), "in the same millisecond too");
    assert!(users::take_turn(db, &house.user("jo@example.com").await, now).await.unwrap());
}

#[actix_web::test]
async fn a_guess_at_what_is_gone_leaves_none() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let sealed = pending(&house, &jo).await;

    assert_eq!(guesses_made(house.db(), &jo).await.unwrap(), 0);
    assert!(count_guess(house.db(), &jo, &sealed, 5).await.unwrap());
    assert_eq!(guesses_made(house.db(), &jo).await.unwrap(), 1);
    assert!(drop_pending(house.db(), &jo).await.unwrap());
    assert_eq!(guesses_made(house.db(), &jo).await.unwrap(), i32::MAX);
}
