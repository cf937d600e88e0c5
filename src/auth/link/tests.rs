use std::time::Duration;

use super::*;
use crate::auth::fixture::{self, NOW};
use crate::vault::MasterKey;

const HOUR: Duration = Duration::from_hours(1);

fn new(user: &user::Model, purpose: LinkPurpose) -> NewLink<'_> {
    NewLink { user, purpose, pending: None, now: NOW, expires_at: NOW.plus(HOUR) }
}

#[tokio::test]
async fn a_link_is_used_up_once() {
    let database = fixture::database().await;
    let db = &database.connection;
    let vault = Vault::new(&MasterKey::generate());
    let jo = fixture::insert_user(db, "jo@example.com").await;
    let token = create(db, &vault, new(&jo, LinkPurpose::ResetPassword)).await.unwrap();

    let first = consume(db, &jo, LinkPurpose::ResetPassword, &token, NOW).await.unwrap();
    let second = consume(db, &jo, LinkPurpose::ResetPassword, &token, NOW).await.unwrap();

    assert!(first);
    assert!(!second);
    assert!(find(db, LinkPurpose::ResetPassword, &token, NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn a_link_is_bound_to_user_purpose_stamp_and_time() {
    let database = fixture::database().await;
    let db = &database.connection;
    let vault = Vault::new(&MasterKey::generate());
    let jo = fixture::insert_user(db, "jo@example.com").await;
    let eve = fixture::insert_user(db, "eve@example.com").await;
    let eve = user::Model { security_stamp: jo.security_stamp.clone(), ..eve };
    let later = user::Model { security_stamp: "another".to_owned(), ..jo.clone() };
    let token = create(db, &vault, new(&jo, LinkPurpose::ResetPassword)).await.unwrap();
    let reset = LinkPurpose::ResetPassword;

    assert!(!consume(db, &eve, reset, &token, NOW).await.unwrap());
    assert!(!consume(db, &later, reset, &token, NOW).await.unwrap());
    assert!(!consume(db, &jo, LinkPurpose::ConfirmEmail, &token, NOW).await.unwrap());
    assert!(!consume(db, &jo, reset, "another token", NOW).await.unwrap());
    assert!(!consume(db, &jo, reset, &token, NOW.plus(HOUR)).await.unwrap());
    assert!(find(db, LinkPurpose::ConfirmEmail, &token, NOW).await.unwrap().is_none());
    assert!(find(db, reset, &token, NOW.plus(HOUR)).await.unwrap().is_none());
    assert!(consume(db, &jo, reset, &token, NOW).await.unwrap());
}

#[tokio::test]
async fn the_token_is_not_in_the_database_and_what_a_link_carries_is_sealed() {
    let database = fixture::database().await;
    let db = &database.connection;
    let vault = Vault::new(&MasterKey::generate());
    let jo = fixture::insert_user(db, "jo@example.com").await;
    let carried = Pending {
        email: "Jo@example.com".to_owned(),
        password_hash: "$argon2id$secret".to_owned(),
        first_name: "Jo".to_owned(),
        last_name: String::new(),
        phone_number: None,
        locale: None,
    };
    let confirm = LinkPurpose::ConfirmEmail;
    let link = NewLink { pending: Some(&carried), ..new(&jo, confirm) };
    let token = create(db, &vault, link).await.unwrap();

    let row = find(db, confirm, &token, NOW).await.unwrap().unwrap();
    let opened = pending(&vault, &row).unwrap();

    assert_eq!(opened.password_hash, carried.password_hash);
    assert_eq!(opened.email, carried.email);
    assert!(!format!("{row:?}").contains(&token));
    assert!(!row.pending.unwrap().windows(6).any(|bytes| bytes == b"argon2"));
    kill_all(db, jo.id, NOW).await.unwrap();
    let dead = Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!((dead.pending, dead.consumed_at), (None, Some(NOW.millis())));
    assert!(!consume(db, &jo, confirm, &token, NOW).await.unwrap());
}

#[tokio::test]
async fn a_decoy_is_born_dead() {
    let database = fixture::database().await;
    let db = &database.connection;
    let vault = Vault::new(&MasterKey::generate());
    let jo = fixture::insert_user(db, "jo@example.com").await;

    let token = create(db, &vault, new(&jo, LinkPurpose::Decoy)).await.unwrap();

    assert!(find(db, LinkPurpose::Decoy, &token, NOW).await.unwrap().is_none());
    assert!(!consume(db, &jo, LinkPurpose::Decoy, &token, NOW).await.unwrap());
}
