//! Keys that give way to the next ones.

use super::*;

fn kids(tokens: &Tokens) -> Vec<String> {
    let jwks = tokens.jwks();
    let kids = jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
    kids.collect()
}

fn signer(tokens: &Tokens) -> String {
    let token = tokens.issue(&grant()).unwrap().token;
    opened(&token).0["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs() {
    let house = House::new().await;
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let tokens = house.load(&settings(algorithm)).await.unwrap();
        let (first, published) = (signer(&tokens), kids(&tokens));
        let next = published.iter().find(|kid| **kid != first).unwrap();

        assert!(tokens.rotate().await.unwrap());

        assert_eq!(signer(&tokens), *next, "{algorithm:?}");
        assert_eq!(published.len(), 2);
        assert_eq!(kids(&tokens).len(), 3, "next, current and retiring");
    }
}

#[tokio::test]
async fn what_a_retired_key_signed_is_good_until_it_expires() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let token = tokens.issue(&grant()).unwrap().token;
    let old = signer(&tokens);

    tokens.rotate().await.unwrap();
    house.clock.advance(Duration::from_secs(599));
    let late = tokens.verify(&token).is_ok();
    house.clock.advance(Duration::from_secs(11));
    let published_at_its_end = kids(&tokens).contains(&old);
    tokens.0.look().await.unwrap();
    let kept = Tokens::list(&house.db).await.unwrap();

    assert!(late);
    assert!(!published_at_its_end, "600 s of life and 10 s for other instances are over");
    assert_eq!(kept.len(), 2, "its private part is deleted");
    assert!(kept.iter().all(|key| key.id != old));
}

#[tokio::test]
async fn a_key_that_is_dead_verifies_nothing_even_if_its_row_is_still_there() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let old = signer(&tokens);
    tokens.rotate().await.unwrap();

    house.clock.advance(Duration::from_secs(610));

    let ring = tokens.0.keys.load();
    assert!(ring.find(&old, house.clock.now()).is_none());
    assert!(ring.find(&signer(&tokens), house.clock.now()).is_some());
}

#[tokio::test]
async fn rotations_at_once_rotate_once() {
    let house = House::new().await;
    let (one, other) = (house.tokens().await, house.tokens().await);
    let store = one.0.store.as_ref().unwrap();
    let next = store.rows().await.unwrap().into_iter().find(|row| row.activated_at.is_none()).unwrap();

    let first = store.activate(&next.id).await.unwrap();
    let second = other.0.store.as_ref().unwrap().activate(&next.id).await.unwrap();

    assert_eq!((first, second), (true, false));
    let rows = store.rows().await.unwrap();
    let signing = rows.iter().filter(|row| row.activated_at.is_some() && row.retired_at.is_none());
    assert_eq!(signing.count(), 1);
}

#[tokio::test]
async fn another_instance_follows_and_two_agree() {
    let house = House::new().await;
    let (one, other) = (house.tokens().await, house.tokens().await);
    let before = other.issue(&grant()).unwrap().token;

    one.rotate().await.unwrap();
    let between = one.issue(&grant()).unwrap().token;
    let is_known_already = other.verify(&between).is_ok();
    other.0.look().await.unwrap();

    assert!(is_known_already, "the next key was published before");
    assert_eq!(signer(&one), signer(&other));
    assert_eq!(one.jwks(), other.jwks());
    assert!(one.verify(&before).is_ok());
}

#[tokio::test]
async fn a_key_gives_way_after_ninety_days() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let old = signer(&tokens);

    house.clock.advance(Duration::from_hours(24 * 90 - 1));
    tokens.0.look().await.unwrap();
    let early = signer(&tokens);
    house.clock.advance(Duration::from_hours(1));
    tokens.0.look().await.unwrap();

    assert_eq!(early, old);
    assert_ne!(signer(&tokens), old);
    assert_eq!(kids(&tokens).len(), 3);
}

#[tokio::test]
async fn a_rotation_that_was_broken_off_is_finished() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let store = tokens.0.store.as_ref().unwrap();
    let next = store.rows().await.unwrap().into_iter().find(|row| row.activated_at.is_none()).unwrap();
    store.activate(&next.id).await.unwrap();

    tokens.0.look().await.unwrap();

    assert_eq!(signer(&tokens), next.id);
    assert_eq!(kids(&tokens).len(), 3, "another next one is there");
}

#[actix_web::test]
async fn what_another_process_wrote_counts_within_two_seconds() {
    let house = House::new().await;
    let (one, other) = (house.tokens().await, house.tokens().await);
    other.watch();

    one.rotate().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_900)).await;

    assert_eq!(signer(&one), signer(&other));
}

#[tokio::test]
async fn a_configured_secret_is_not_rotated() {
    let house = House::new().await;
    let tokens = house.load(&settings(Algorithm::HS256)).await.unwrap();

    assert!(!tokens.rotate().await.unwrap());
}
