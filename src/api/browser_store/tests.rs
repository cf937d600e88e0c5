use std::time::{Duration, Instant};

use super::*;
use crate::limits::hung_redis;

const HOUR: time::Duration = time::Duration::hours(1);

fn state(value: &str) -> State {
    State::from([("refresh".to_owned(), format!("\"{value}\""))])
}

fn in_redis() -> BrowserStore {
    BrowserStore::in_redis(std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap().into())
}

async fn away() -> (BrowserStore, tokio::net::TcpListener) {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    (BrowserStore::in_redis(url.into()), silent)
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn instances_share_what_is_in_redis() {
    let (one, other) = (in_redis(), in_redis());

    let key = one.save(state("a"), &HOUR).await.unwrap();
    let read = other.load(&key).await.unwrap();
    let same = other.update(key, state("b"), &HOUR).await.unwrap();
    let updated = one.load(&same).await.unwrap();

    assert!(!same.as_ref().contains("refresh"), "the key tells nothing");
    assert_eq!((read, updated), (Some(state("a")), Some(state("b"))));
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn a_key_that_was_replaced_is_good_for_a_client_that_lost_the_answer_and_then_gone() {
    let (store, url) = (in_redis(), std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap());
    let key = store.save(state("a"), &HOUR).await.unwrap();

    store.delete(&key).await.unwrap();

    assert_eq!(store.load(&key).await.unwrap(), Some(state("a")));
    let mut connection = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let name = format!("twostep:session:{}", key.as_ref());
    let left: i64 = redis::cmd("TTL").arg(name).query_async(&mut connection).await.unwrap();
    assert!((30..=40).contains(&left), "{left}");
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn a_session_of_redis_is_not_there_without_it_and_nothing_fails() {
    let key = in_redis().save(state("a"), &HOUR).await.unwrap();

    assert_eq!(BrowserStore::default().load(&key).await.unwrap(), None);
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn while_redis_is_away_its_sessions_are_unread_and_not_lost() {
    let key = in_redis().save(state("a"), &HOUR).await.unwrap();
    let (store, _silent) = away().await;

    let unread = store.load(&key).await.unwrap().unwrap();
    store.delete(&key).await.unwrap();
    store.update_ttl(&key, &HOUR).await.unwrap();

    assert!(unread.contains_key(AWAY));
    assert_eq!(in_redis().load(&key).await.unwrap(), Some(state("a")));
}

#[actix_web::test]
async fn what_begins_while_redis_is_away_is_kept_in_its_cookie() {
    let (store, _silent) = away().await;
    let mut begun = state("a");
    begun.insert(AWAY.to_owned(), "true".to_owned());

    let key = store.save(begun, &HOUR).await.unwrap();

    assert_eq!(store.load(&key).await.unwrap(), Some(state("a")));
    assert_eq!(BrowserStore::default().load(&key).await.unwrap(), Some(state("a")));
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn that_redis_was_away_is_not_kept_once_it_is_back() {
    let store = in_redis();
    let key = store.save(state("a"), &HOUR).await.unwrap();
    let mut unread = state("b");
    unread.insert(AWAY.to_owned(), "true".to_owned());

    let key = store.update(key, unread, &HOUR).await.unwrap();

    assert_eq!(store.load(&key).await.unwrap(), Some(state("b")));
    store.delete(&key).await.unwrap();
}

#[actix_web::test]
async fn a_redis_that_hangs_costs_a_quarter_of_a_second_and_is_left_alone() {
    let (silent, _silent) = away().await;
    let hung = BrowserStore::in_redis(hung_redis::start().await.into());

    for store in [silent, hung] {
        let start = Instant::now();
        for _ in 0..20 {
            let key = store.save(state("a"), &HOUR).await.unwrap();
            assert_eq!(store.load(&key).await.unwrap(), Some(state("a")));
        }
        assert!(start.elapsed() < Duration::from_millis(900), "{:?}", start.elapsed());
        assert!(!store.0.as_deref().unwrap().is_well());
    }
}

#[actix_web::test]
#[cfg_attr(not(test_redis), ignore = "needs TWOSTEP_TEST_REDIS_URL")]
async fn a_state_that_cannot_be_read_is_none_and_spoils_no_other() {
    let (store, url) = (in_redis(), std::env::var("TWOSTEP_TEST_REDIS_URL").unwrap());
    let (broken, whole) =
        (store.save(state("a"), &HOUR).await.unwrap(), store.save(state("b"), &HOUR).await.unwrap());
    let mut connection = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let name = format!("twostep:session:{}", broken.as_ref());
    let _: () = redis::cmd("SET")
        .arg(name)
        .arg("no state")
        .arg("EX")
        .arg(60)
        .query_async(&mut connection)
        .await
        .unwrap();

    assert_eq!(store.load(&broken).await.unwrap(), None);
    assert_eq!(store.load(&whole).await.unwrap(), Some(state("b")));
}
