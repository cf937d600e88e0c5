use entity::{factor, link as links, lockout as locks, message};
use sea_orm::{ActiveValue::Set, EntityTrait as _, PaginatorTrait as _};

use super::*;
use crate::auth::fixture::{self, House, NOW};
use crate::auth::lockout::Lane;

async fn link_for(house: &House, user: &user::Model) -> String {
    let expires_at = NOW.plus(std::time::Duration::from_mins(1));
    let purpose = LinkPurpose::ResetPassword;
    let link = NewLink { user, purpose, pending: None, now: NOW, expires_at };
    link::create(house.db(), &house.vault, link).await.unwrap()
}

fn request(token: &str, password: &str) -> ResetRequest {
    let (email, token) = ("Jo@example.com".to_owned(), token.to_owned());
    ResetRequest { email: Some(email), token, password: Password::new(password), confirmation: None }
}

#[actix_web::test]
async fn a_link_sets_one_password_and_takes_the_others_with_it() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (first, second) = (link_for(&house, &jo).await, link_for(&house, &jo).await);

    let weak = house.auth.reset_password(request(&first, "short"), &fixture::client()).await;
    house.auth.reset_password(request(&first, "xkvbwlpq"), &fixture::client()).await.unwrap();
    let again = house.auth.reset_password(request(&first, "vbwlpqxk"), &fixture::client()).await;
    let other = house.auth.reset_password(request(&second, "vbwlpqxk"), &fixture::client()).await;

    assert!(matches!(weak, Err(ResetError::Invalid(_))));
    assert!(matches!(again, Err(ResetError::InvalidLink)));
    assert!(matches!(other, Err(ResetError::InvalidLink)));
    let after = house.user("jo@example.com").await;
    let hashing = &house.auth.0.hashing;
    assert!(hashing.verify(&Password::new("xkvbwlpq"), &after.password_hash).await.unwrap());
    assert_ne!(after.security_stamp, jo.security_stamp);
    assert_eq!(message::Entity::find().count(house.db()).await.unwrap(), 1);
}

#[actix_web::test]
async fn of_two_resets_that_found_the_same_account_one_is_done() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let (first, second) = (link_for(&house, &jo).await, link_for(&house, &jo).await);

    let won = house.auth.open_reset(&jo, &first, "won", &fixture::client()).await.unwrap();
    let same = house.auth.open_reset(&jo, &first, "lost", &fixture::client()).await.unwrap();
    let other = house.auth.open_reset(&jo, &second, "lost", &fixture::client()).await.unwrap();

    assert!(won.is_some());
    assert!(same.is_none() && other.is_none());
    assert_eq!(house.user("jo@example.com").await.password_hash, "won");
}

#[actix_web::test]
async fn a_used_link_undoes_the_password_it_came_with() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;

    let refused = house.auth.open_reset(&jo, "no token of ours", "lost", &fixture::client()).await.unwrap();

    assert!(refused.is_none());
    assert_eq!(house.user("jo@example.com").await, jo);
}

#[actix_web::test]
async fn a_reset_lifts_the_lock_and_enables_email_factors_only() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let al = fixture::insert_user(house.db(), "al@example.com").await;
    let browser = |user: &user::Model| Lane::of_browser(&house.vault, Uuid::new_v4(), user.id);
    for lane in [Lane::of_address(&house.vault, &jo.email_key), browser(&jo), browser(&jo), browser(&al)] {
        fixture::lock(house.db(), &lane, i64::MAX).await;
    }
    for provider in ["Email", "Sms"] {
        let row = factor::ActiveModel {
            user_id: Set(jo.id),
            provider: Set(provider.to_owned()),
            failures: Set(100),
            disabled_at: Set(Some(1)),
        };
        factor::Entity::insert(row).exec_without_returning(house.db()).await.unwrap();
    }
    let token = link_for(&house, &jo).await;

    house.auth.reset_password(request(&token, "xkvbwlpq"), &fixture::client()).await.unwrap();

    let factors = factor::Entity::find().all(house.db()).await.unwrap();
    let still_off: Vec<_> = factors.iter().filter(|row| row.disabled_at.is_some()).collect();
    assert_eq!(still_off.len(), 1);
    assert_eq!(still_off[0].provider, "Sms");
    let locked = locks::Entity::find().all(house.db()).await.unwrap();
    assert_eq!(locked.iter().map(|row| row.user_id).collect::<Vec<_>>(), [Some(al.id)]);
}

#[actix_web::test]
async fn an_unknown_address_costs_the_writes_of_a_known_one_and_gets_no_link() {
    let house = fixture::house().await;
    fixture::insert_user(house.db(), "jo@example.com").await;
    let rows = async || {
        let links = links::Entity::find().count(house.db()).await.unwrap();
        (links, message::Entity::find().count(house.db()).await.unwrap())
    };

    house.auth.forgot_password("jo@example.com", None).await.unwrap();
    let known = rows().await;
    house.auth.forgot_password("nobody@example.com", None).await.unwrap();
    let both = rows().await;

    assert_eq!(known, (1, 1));
    assert_eq!(both, (1, 3));
}

#[actix_web::test]
async fn an_account_that_has_changed_or_was_switched_off_gets_no_password() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let token = link_for(&house, &jo).await;
    let older = user::Model { security_stamp: users::new_stamp(), ..jo.clone() };

    let changed = set_password(house.db(), &older, "lost", NOW).await.unwrap();
    let off = user::Entity::update_many().col_expr(user::Column::DisabledAt, Expr::value(1));
    off.exec(house.db()).await.unwrap();
    let disabled = house.auth.reset_password(request(&token, "xkvbwlpq"), &fixture::client()).await;

    assert!(!changed);
    assert!(matches!(disabled, Err(ResetError::InvalidLink)));
    assert_eq!(house.user("jo@example.com").await.password_hash, jo.password_hash);
}
