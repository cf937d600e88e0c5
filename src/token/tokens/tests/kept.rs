//! Keys in the database.

use entity::signing_key;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, Set};

use super::*;

#[tokio::test]
async fn a_token_of_another_algorithm_is_refused_after_a_change_of_configuration() {
    let house = House::new().await;
    let old = house.tokens().await.issue(&grant()).unwrap().token;

    let tokens = house.load(&settings(Algorithm::ES256)).await.unwrap();

    assert_eq!(refusal(&tokens, &old), "unknown key");
    assert_eq!(tokens.jwks()["keys"].as_array().unwrap().len(), 2);
    assert_eq!(Tokens::list(&house.db).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_key_survives_a_restart() {
    let house = House::new().await;
    for algorithm in ALL {
        let token = house.load(&settings(algorithm)).await.unwrap().issue(&grant()).unwrap().token;

        let restarted = house.load(&settings(algorithm)).await.unwrap();

        assert!(restarted.verify(&token).is_ok(), "{algorithm:?}");
    }
    let kept: Vec<_> = Tokens::list(&house.db).await.unwrap().iter().map(|key| key.algorithm).collect();
    assert_eq!(kept.len(), 6, "one that signs and the next one of each");
    assert!(!kept.contains(&Algorithm::HS256));
}

#[tokio::test]
async fn starts_at_once_end_with_the_same_keys() {
    let house = House::new().await;
    let settings = settings(Algorithm::ES256);

    let (a, b, c) = tokio::join!(house.load(&settings), house.load(&settings), house.load(&settings));

    let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
    let token = a.issue(&grant()).unwrap().token;
    assert!(b.verify(&token).is_ok());
    assert_eq!(a.jwks(), b.jwks());
    assert_eq!(a.jwks(), c.jwks());
    let keys = Tokens::list(&house.db).await.unwrap();
    assert_eq!(keys.len(), 2);
    let signing: Vec<_> = keys.iter().filter(|key| key.activated_at.is_some()).collect();
    assert_eq!(signing.len(), 1);
    assert_eq!(signing[0].id, a.0.keys.load().signer.id);
    assert_eq!(signing[0].created_at, house.clock.now());
    assert!(keys.iter().all(|key| key.retired_at.is_none()));
}

#[tokio::test]
async fn keys_are_sealed_under_the_master_key_and_bound_to_their_name() {
    let mut house = House::new().await;
    house.tokens().await;
    let row = signing_key::Entity::find().one(&house.db).await.unwrap().unwrap();
    assert_eq!(row.slot, "EdDSA/1");

    let right = std::mem::replace(&mut house.vault, Vault::new(&MasterKey::generate()));
    assert!(matches!(house.load(&settings(Algorithm::EdDSA)).await, Err(KeyError::Sealed(_))));
    house.vault = right;

    let mut moved = row.clone().into_active_model();
    moved.id = Set("another".to_owned());
    moved.slot = Set("EdDSA/3".to_owned());
    moved.insert(&house.db).await.unwrap();
    assert!(matches!(house.load(&settings(Algorithm::EdDSA)).await, Err(KeyError::Sealed(_))));
}

#[tokio::test]
async fn a_shared_secret_has_no_public_part_and_its_name_gives_nothing_away() {
    let house = House::new().await;
    let tokens = house.load(&settings(Algorithm::HS256)).await.unwrap();

    assert_eq!(tokens.jwks(), json!({ "keys": [] }));
    assert!(Tokens::list(&house.db).await.unwrap().is_empty());
    let (header, _) = opened(&tokens.issue(&grant()).unwrap().token);
    assert_ne!(header["kid"], URL_SAFE_NO_PAD.encode([7; 32]));
    assert_ne!(header["kid"], URL_SAFE_NO_PAD.encode(Sha256::digest([7; 32])));
    let short = TokenSettings { hs256_key: STANDARD.encode([7; 16]).into(), ..settings(Algorithm::HS256) };
    assert!(matches!(house.load(&short).await, Err(KeyError::Unusable(_))));
}
