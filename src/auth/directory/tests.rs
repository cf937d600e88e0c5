use entity::{challenge, event, factor, link, lockout, session};
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait as _};

use super::*;
use crate::auth::fixture::{self, House, NOW};
use crate::auth::lockout::Lane;

fn new(email: &str) -> NewUser {
    NewUser {
        email: email.to_owned(),
        password: ImportedPassword::None,
        email_confirmed: true,
        two_factor_enabled: None,
        phone_number: None,
        phone_confirmed: false,
        roles: Vec::new(),
    }
}

fn fields(result: Result<UserSummary, DirectoryError>) -> Vec<&'static str> {
    match result.unwrap_err() {
        DirectoryError::Invalid(faults) => faults.into_iter().map(|fault| fault.field).collect(),
        other => panic!("{other}"),
    }
}

#[actix_web::test]
async fn a_user_is_added_as_given() {
    let house = fixture::house().await;
    let phone = "+4915112345678";
    let roles = vec!["Administrator".to_owned(), " Administrator ".to_owned(), "Viewer".to_owned()];

    let added = house
        .auth
        .add_user(NewUser {
            password: ImportedPassword::Clear(Password::new("xkvbwlpq")),
            two_factor_enabled: Some(true),
            phone_number: Some(phone.to_owned()),
            phone_confirmed: true,
            roles,
            ..new(" Jo@Example.com ")
        })
        .await
        .unwrap();
    let plain =
        house.auth.add_user(NewUser { email_confirmed: false, ..new("al@example.com") }).await.unwrap();

    assert_eq!(added.email, "Jo@Example.com");
    assert_eq!(added.roles, ["Administrator", "Viewer"]);
    assert_eq!(added.phone_number.as_deref(), Some(phone));
    assert!(added.email_confirmed && added.phone_confirmed && added.two_factor_enabled);
    assert_eq!(plain.roles, ["Viewer"]);
    assert!(!plain.email_confirmed && !plain.two_factor_enabled);
    let shown = house.auth.show_user("jo@example.com").await.unwrap();
    assert_eq!(shown.id, added.id);
}

#[actix_web::test]
async fn a_taken_address_is_said_to_be_and_an_unknown_one_too() {
    let house = fixture::house().await;
    house.auth.add_user(new("jo@example.com")).await.unwrap();

    let again = house.auth.add_user(new("JO@example.com")).await;

    assert!(matches!(again, Err(DirectoryError::Taken)));
    assert!(matches!(house.auth.show_user("al@example.com").await, Err(DirectoryError::Unknown)));
    assert!(matches!(house.auth.delete_user("al@example.com").await, Err(DirectoryError::Unknown)));
    let change = house.auth.change_user("al@example.com", Change::default()).await;
    assert!(matches!(change, Err(DirectoryError::Unknown)));
}

#[actix_web::test]
async fn every_fault_is_told_at_once() {
    let house = fixture::house().await;
    let wrong = NewUser {
        password: ImportedPassword::Clear(Password::new("short")),
        phone_number: Some("015112345678".to_owned()),
        roles: vec![String::new()],
        ..new("nobody")
    };

    assert_eq!(fields(house.auth.add_user(wrong).await), ["email", "roles", "phoneNumber", "password"]);
    let hash =
        NewUser { password: ImportedPassword::Hash("$5$old$crypt".to_owned()), ..new("jo@example.com") };
    assert_eq!(fields(house.auth.add_user(hash).await), ["passwordHash"]);
    let phone = NewUser { phone_confirmed: true, ..new("jo@example.com") };
    assert_eq!(fields(house.auth.add_user(phone).await), ["phoneNumber"]);
    let many =
        NewUser { roles: (0..200).map(|role| format!("role {role}")).collect(), ..new("jo@example.com") };
    assert_eq!(fields(house.auth.add_user(many).await), ["roles"]);
    for number in
        ["+123", "+0123456789", "+12345678901234567", "+49 900 1234567", "\u{ff0b}4915112345678", ""]
    {
        let phone = NewUser { phone_number: Some(number.to_owned()), ..new("jo@example.com") };
        assert_eq!(fields(house.auth.add_user(phone).await), ["phoneNumber"], "{number}");
    }
}

#[actix_web::test]
async fn an_imported_hash_is_kept_as_it_is() {
    let house = fixture::house().await;
    let phc = bcrypt::hash("tulip", 4).unwrap();

    house
        .auth
        .add_user(NewUser { password: ImportedPassword::Hash(phc.clone()), ..new("jo@example.com") })
        .await
        .unwrap();

    assert_eq!(house.user("jo@example.com").await.password_hash, phc);
}

#[actix_web::test]
async fn only_what_is_given_is_changed() {
    let house = fixture::house().await;
    house.auth.add_user(new("jo@example.com")).await.unwrap();
    let before = house.user("jo@example.com").await;

    let roles = vec!["Administrator".to_owned()];
    let change = Change { two_factor_enabled: Some(true), roles: Some(roles), ..Change::default() };
    let changed = house.auth.change_user("JO@example.com", change).await.unwrap();
    let again = house.auth.change_user("jo@example.com", Change::default()).await.unwrap();

    assert!(changed.two_factor_enabled);
    assert_eq!(again.roles, ["Administrator"]);
    assert_eq!(house.user("jo@example.com").await.security_stamp, before.security_stamp);
    let no_role = Change { roles: Some(vec!["a\0b".to_owned()]), ..Change::default() };
    assert_eq!(fields(house.auth.change_user("jo@example.com", no_role).await), ["roles"]);
}

/// A lock, wrong codes, a session, a challenge and a link.
async fn busy(house: &House, user: &user::Model) {
    let db = house.db();
    let later = NOW.plus(std::time::Duration::from_mins(10)).millis();
    let browser = Lane::of_browser(&house.vault, uuid::Uuid::new_v4(), user.id);
    for lane in [Lane::of_address(&house.vault, &user.email_key), browser] {
        fixture::lock(db, &lane, later).await;
    }
    insert(
        db,
        factor::Entity,
        factor::ActiveModel {
            user_id: Set(user.id),
            provider: Set("Email".to_owned()),
            failures: Set(100),
            disabled_at: Set(Some(NOW.millis())),
        },
    )
    .await;
    insert(
        db,
        session::Entity,
        session::ActiveModel {
            id: Set(uuid::Uuid::new_v4()),
            user_id: Set(user.id),
            methods: Set("[]".to_owned()),
            auth_time: Set(NOW.millis()),
            address: Set(String::new()),
            user_agent: Set(String::new()),
            created_at: Set(NOW.millis()),
            last_used_at: Set(NOW.millis()),
            expires_at: Set(later),
            ended_at: Set(None),
            challenge_id: Set(None),
        },
    )
    .await;
    insert(
        db,
        challenge::Entity,
        challenge::ActiveModel {
            id: Set("c".to_owned()),
            user_id: Set(user.id),
            purpose: Set("sign_in".to_owned()),
            provider: Set("Email".to_owned()),
            security_stamp: Set(user.security_stamp.clone()),
            client_address: Set(String::new()),
            attempts: Set(0),
            sends: Set(1),
            created_at: Set(NOW.millis()),
            expires_at: Set(later),
            consumed_at: Set(None),
            closed_at: Set(None),
        },
    )
    .await;
    house.auth.forgot_password(&user.email, None).await.unwrap();
}

async fn insert<E: sea_orm::EntityTrait, A: sea_orm::ActiveModelTrait<Entity = E> + Send>(
    db: &DatabaseConnection,
    _table: E,
    row: A,
) {
    E::insert(row).exec_without_returning(db).await.unwrap();
}

#[actix_web::test]
async fn switching_off_ends_everything_and_on_brings_nothing_back() {
    let house = fixture::house().await;
    house.auth.add_user(new("jo@example.com")).await.unwrap();
    busy(&house, &house.user("jo@example.com").await).await;

    let off = Change { disabled: Some(true), ..Change::default() };
    let disabled = house.auth.change_user("jo@example.com", off).await.unwrap();
    house.clock.advance(std::time::Duration::from_secs(1));
    let off_again = Change { disabled: Some(true), ..Change::default() };
    let still = house.auth.change_user("jo@example.com", off_again).await.unwrap();
    let on = Change { disabled: Some(false), ..Change::default() };
    let enabled = house.auth.change_user("jo@example.com", on).await.unwrap();

    assert_eq!(disabled.disabled_at, Some(NOW));
    assert_eq!(still.disabled_at, Some(NOW));
    assert_eq!(enabled.disabled_at, None);
    let db = house.db();
    let session = session::Entity::find().one(db).await.unwrap().unwrap();
    let challenge = challenge::Entity::find().one(db).await.unwrap().unwrap();
    let link = link::Entity::find().one(db).await.unwrap().unwrap();
    assert_eq!(session.ended_at, Some(NOW.millis()));
    assert_eq!(challenge.closed_at, Some(NOW.millis()));
    assert_eq!(link.consumed_at, Some(NOW.millis()));
    let events = event::Entity::find().all(db).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.event == "user_changed").count(), 3);
}

#[actix_web::test]
async fn unlocking_clears_what_was_counted() {
    let house = fixture::house().await;
    house.auth.add_user(new("jo@example.com")).await.unwrap();
    busy(&house, &house.user("jo@example.com").await).await;
    let before = house.auth.show_user("jo@example.com").await.unwrap();

    let unlock = Change { unlock: true, ..Change::default() };
    let after = house.auth.change_user("jo@example.com", unlock).await.unwrap();

    assert!(before.locked_until.is_some_and(|until| until > NOW));
    assert_eq!(before.disabled_factors, ["Email"]);
    assert_eq!(after.locked_until, None);
    assert!(lockout::Entity::find().one(house.db()).await.unwrap().is_none());
    assert!(after.disabled_factors.is_empty());
    assert!(session::Entity::find().one(house.db()).await.unwrap().unwrap().ended_at.is_none());
}

#[actix_web::test]
async fn a_deleted_user_leaves_nothing_behind() {
    let house = fixture::house().await;
    house.auth.add_user(new("jo@example.com")).await.unwrap();
    busy(&house, &house.user("jo@example.com").await).await;

    house.auth.delete_user("jo@example.com").await.unwrap();

    let db = house.db();
    assert!(matches!(house.auth.show_user("jo@example.com").await, Err(DirectoryError::Unknown)));
    assert!(session::Entity::find().one(db).await.unwrap().is_none());
    assert!(challenge::Entity::find().one(db).await.unwrap().is_none());
    assert!(link::Entity::find().one(db).await.unwrap().is_none());
    assert!(factor::Entity::find().one(db).await.unwrap().is_none());
    assert!(lockout::Entity::find().one(db).await.unwrap().is_none());
    assert!(event::Entity::find().one(db).await.unwrap().is_none());
}

#[actix_web::test]
async fn users_are_listed_page_by_page() {
    let house = fixture::house().await;
    for name in ["Cy", "al", "di", "Bo"] {
        house.auth.add_user(new(&format!("{name}@example.com"))).await.unwrap();
    }

    let first = house.auth.list_users(None, 3).await.unwrap();
    let rest = house.auth.list_users(Some(&first[2].email), 3).await.unwrap();

    let emails = |page: Vec<UserSummary>| page.into_iter().map(|user| user.email).collect::<Vec<_>>();
    assert_eq!(emails(first), ["al@example.com", "Bo@example.com", "Cy@example.com"]);
    assert_eq!(emails(rest), ["di@example.com"]);
}
