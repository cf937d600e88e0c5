use super::*;
use crate::auth::fixture::{self, House, NOW};

/// Of nobody.
async fn record(house: &House, lane: &Lane, settings: &AccountSettings, now: Timestamp) -> Failure {
    let wrong = WrongPassword { owner: None, email: None, client: &fixture::client(), reset_page: "" };
    house.auth.record_failure(lane, &wrong, settings, now).await.unwrap()
}

#[actix_web::test]
async fn a_guess_that_saw_the_lane_open_does_nothing_to_the_lock() {
    let house = fixture::house().await;
    let db = house.db();
    let (lane, settings) = (Lane { key: "lane".to_owned(), user_id: None }, fixture::accounts());
    for _ in 0..4 {
        assert_eq!(record(&house, &lane, &settings, NOW).await, Failure::Counted);
    }
    assert_eq!(record(&house, &lane, &settings, NOW).await, Failure::LockedNow);

    for _ in 0..9 {
        assert_eq!(record(&house, &lane, &settings, NOW).await, Failure::Locked);
    }

    let row = Entity::find_by_id(lane.key()).one(db).await.unwrap().unwrap();
    let end = NOW.plus(settings.lockout_duration.0);
    assert_eq!((row.failures, row.locked_until), (0, Some(end.millis())));
    assert_eq!(record(&house, &lane, &settings, end).await, Failure::Counted);
}

#[actix_web::test]
async fn a_lane_that_another_guess_has_just_made_is_not_locked_by_its_first() {
    let house = fixture::house().await;
    let db = house.db();
    let (lane, settings) = (Lane { key: "lane".to_owned(), user_id: None }, fixture::accounts());
    assert!(start(db, &lane, NOW).await.unwrap());

    assert!(!lock(db, &lane, 4, &settings, NOW).await.unwrap());

    assert_eq!(standing(db, &lane, NOW).await.unwrap(), Standing::Clean);
}

#[actix_web::test]
async fn where_one_guess_locks_it_is_told_once() {
    let house = fixture::house().await;
    let settings = AccountSettings { lockout_attempts: 1, ..fixture::accounts() };
    let lane = Lane { key: "lane".to_owned(), user_id: None };

    let first = record(&house, &lane, &settings, NOW).await;
    let second = record(&house, &lane, &settings, NOW).await;

    assert_eq!((first, second), (Failure::LockedNow, Failure::Locked));
}

#[actix_web::test]
async fn an_account_that_was_deleted_meanwhile_is_locked_without_a_trail() {
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let settings = AccountSettings { lockout_attempts: 1, ..fixture::accounts() };
    let lane = Lane { key: "lane".to_owned(), user_id: None };
    let wrong = WrongPassword { owner: Some(&jo), email: None, client: &fixture::client(), reset_page: "" };
    user::Entity::delete_by_id(jo.id).exec(house.db()).await.unwrap();

    let locked = house.auth.record_failure(&lane, &wrong, &settings, NOW).await.unwrap();

    assert_eq!(locked, Failure::LockedNow);
}

#[actix_web::test]
async fn a_lock_without_its_event_is_none() {
    use sea_orm::ConnectionTrait as _;
    let house = fixture::house().await;
    let jo = fixture::insert_user(house.db(), "jo@example.com").await;
    let settings = AccountSettings { lockout_attempts: 1, ..fixture::accounts() };
    let lane = Lane { key: "lane".to_owned(), user_id: None };
    let wrong = WrongPassword { owner: Some(&jo), email: None, client: &fixture::client(), reset_page: "" };
    house.db().execute_unprepared("DROP TABLE events").await.unwrap();

    let failed = house.auth.record_failure(&lane, &wrong, &settings, NOW).await;

    assert!(failed.is_err());
    assert_eq!(standing(house.db(), &lane, NOW).await.unwrap(), Standing::Clean);
}
