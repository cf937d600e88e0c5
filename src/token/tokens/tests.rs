use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use entity::signing_key;
use jsonwebtoken::EncodingKey;
use migration::Migrator;
use sea_orm::{ActiveModelTrait as _, ConnectOptions, Database, EntityTrait as _, IntoActiveModel as _, Set};
use sea_orm_migration::MigratorTrait as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::clock::Span;
use crate::token::Method;
use crate::vault::{MasterKey, random_token};

const ALL: [Algorithm; 4] = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256, Algorithm::HS256];
const NAME_URI: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
const ROLE_URI: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/// A database, a vault and a clock, which stands at 1 800 000 000.5 s.
struct House {
    db: DatabaseConnection,
    vault: Vault,
    clock: Clock,
    _directory: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", directory.path().join("test.db").display());
        let db = Database::connect(ConnectOptions::new(url).max_connections(4).to_owned()).await.unwrap();
        Migrator::up(&db, None).await.unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_800_000_000_500));
        Self { db, vault: Vault::new(&MasterKey::generate()), clock, _directory: directory }
    }

    async fn load(&self, settings: &TokenSettings) -> Result<Tokens, KeyError> {
        Tokens::load(settings, &self.db, &self.vault, self.clock.clone()).await
    }

    async fn tokens(&self) -> Tokens {
        self.load(&settings(Algorithm::EdDSA)).await.unwrap()
    }
}

fn settings(algorithm: Algorithm) -> TokenSettings {
    TokenSettings {
        algorithm,
        hs256_key: STANDARD.encode([7; 32]).into(),
        issuer: "https://login.example.com".to_owned(),
        audience: "twostep".to_owned(),
        access_lifetime: Span::seconds(600),
        refresh_idle: Span::seconds(1),
        refresh_absolute: Span::seconds(1),
        aspnet_claims: true,
    }
}

fn grant() -> Grant {
    Grant {
        user_id: Uuid::from_u128(1),
        email: "jane@example.com".to_owned(),
        name: "Jane Doe".to_owned(),
        roles: vec!["Administrator".to_owned()],
        session_id: Uuid::from_u128(2),
        methods: vec![Method::Pwd, Method::Otp],
        auth_time: Timestamp::from_millis(1_799_999_999_900),
    }
}

/// The header and the claims of a token, unchecked.
fn opened(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|text| part(text).unwrap_or_default());
    (parts.next().unwrap(), parts.next().unwrap())
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token of our own key whose header and claims were changed before it was signed.
fn resigned(tokens: &Tokens, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let (mut header, mut claims) = opened(&tokens.issue(&grant()).unwrap().token);
    change(&mut header, &mut claims);
    signed(&header, &claims, &tokens.0.keys.signer.encoding, tokens.0.settings.algorithm.into())
}

fn signed(header: &Value, claims: &Value, key: &EncodingKey, with: jsonwebtoken::Algorithm) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, with).unwrap();
    format!("{message}.{signature}")
}

fn refusal(tokens: &Tokens, token: &str) -> &'static str {
    tokens.verify(token).expect_err("the token must be refused").0
}

#[tokio::test]
async fn every_algorithm_signs_what_it_verifies() {
    let house = House::new().await;
    for algorithm in ALL {
        let tokens = house.load(&settings(algorithm)).await.unwrap();

        let minted = tokens.issue(&grant()).unwrap();
        let claims = tokens.verify(&minted.token).unwrap();

        assert_eq!(claims.user_id, Uuid::from_u128(1));
        assert_eq!(claims.session_id, Uuid::from_u128(2));
        assert_eq!(claims.email, "jane@example.com");
        assert_eq!(claims.roles, ["Administrator"]);
        assert_eq!(claims.methods, [Method::Pwd, Method::Otp]);
        assert_eq!(claims.auth_time.millis(), 1_799_999_999_000);
        assert_eq!(claims.expires_at.millis(), 1_800_000_600_000);
        assert_eq!(claims.expires_at, minted.expires_at);
        let (header, _) = opened(&minted.token);
        assert_eq!(header["alg"], algorithm.as_str());
        assert_eq!(header["typ"], "at+jwt");
        assert_eq!(header["kid"].as_str().unwrap().len(), 43);
        assert_eq!(header.as_object().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn the_claims_are_those_of_the_contract_in_their_order() {
    let house = House::new().await;
    let tokens = house.tokens().await;

    let first = tokens.verify(&tokens.issue(&grant()).unwrap().token).unwrap();
    let second = tokens.verify(&tokens.issue(&grant()).unwrap().token).unwrap();

    let names: Vec<_> = first.all.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "iss",
            "aud",
            "sub",
            "exp",
            "nbf",
            "iat",
            "jti",
            "sid",
            "email",
            "name",
            "roles",
            "amr",
            "auth_time",
            NAME_URI,
            ROLE_URI
        ]
    );
    assert_ne!(first.all["jti"], second.all["jti"]);
    let mut rest = first.all.clone();
    rest.remove("jti");
    assert_eq!(
        Value::Object(rest),
        json!({
            "iss": "https://login.example.com", "aud": "twostep", "sub": Uuid::from_u128(1),
            "exp": 1_800_000_600, "nbf": 1_800_000_000, "iat": 1_800_000_000, "sid": Uuid::from_u128(2),
            "email": "jane@example.com", "name": "Jane Doe", "roles": ["Administrator"],
            "amr": ["pwd", "otp"], "auth_time": 1_799_999_999,
            NAME_URI: "jane@example.com", ROLE_URI: "Administrator",
        })
    );
}

#[tokio::test]
async fn the_aspnet_role_is_one_string_or_an_array_or_absent() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let plain =
        house.load(&TokenSettings { aspnet_claims: false, ..settings(Algorithm::EdDSA) }).await.unwrap();
    let claims = |tokens: &Tokens, roles: &[&str]| {
        let roles = roles.iter().map(|&role| role.to_owned()).collect();
        opened(&tokens.issue(&Grant { roles, ..grant() }).unwrap().token).1
    };

    assert_eq!(claims(&tokens, &["A", "B"])[ROLE_URI], json!(["A", "B"]));
    assert_eq!(claims(&tokens, &["A", "B"])["roles"], json!(["A", "B"]));
    assert_eq!(claims(&tokens, &[]).get(ROLE_URI), None);
    assert_eq!(claims(&tokens, &[])["roles"], json!([]));
    assert_eq!(claims(&plain, &["A"]).get(ROLE_URI), None);
    assert_eq!(claims(&plain, &["A"]).get(NAME_URI), None);
}

#[tokio::test]
async fn a_token_ends_exactly_at_exp_also_when_it_is_remembered() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let remembered = tokens.issue(&grant()).unwrap().token;
    let unseen = tokens.issue(&grant()).unwrap().token;
    assert!(tokens.verify(&remembered).is_ok());

    house.clock.advance(Duration::from_millis(599_499));
    assert!(tokens.verify(&remembered).is_ok());
    house.clock.advance(Duration::from_millis(1));

    assert_eq!(refusal(&tokens, &remembered), "expired");
    assert_eq!(refusal(&tokens, &remembered), "expired");
    assert_eq!(refusal(&tokens, &unseen), "expired");
}

#[tokio::test]
async fn a_token_does_not_count_before_nbf() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let early = resigned(&tokens, |_, claims| claims["nbf"] = json!(1_800_000_001));

    assert_eq!(refusal(&tokens, &early), "not valid yet");
    house.clock.advance(Duration::from_millis(500));
    assert!(tokens.verify(&early).is_ok());
}

#[tokio::test]
async fn a_lifetime_under_a_second_is_rounded_up() {
    let house = House::new().await;
    let brief = Span(Duration::from_millis(500));
    let tokens =
        house.load(&TokenSettings { access_lifetime: brief, ..settings(Algorithm::EdDSA) }).await.unwrap();

    let token = tokens.issue(&grant()).unwrap();

    assert_eq!(token.expires_at.millis(), 1_800_000_001_000);
    assert!(tokens.verify(&token.token).is_ok());
}

#[tokio::test]
async fn headers_that_are_not_ours_are_refused() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let with = |name: &str, value: Value| {
        refusal(&tokens, &resigned(&tokens, |header, _| header[name] = value.clone()))
    };

    assert_eq!(with("typ", json!("JWT")), "type");
    assert_eq!(with("typ", json!("jwt+at")), "type");
    assert_eq!(with("typ", json!("application/jwt")), "type");
    assert_eq!(with("typ", Value::Null), "header");
    assert_eq!(with("kid", json!("nobody")), "unknown key");
    assert_eq!(with("kid", json!(1)), "header");
    for crit in [json!(["exp"]), json!([]), Value::Null, json!("b64")] {
        assert_eq!(with("crit", crit), "header");
    }
    assert_eq!(with("b64", json!(false)), "header");
    assert_eq!(with("jku", json!("https://attacker.example/keys")), "header");
    assert_eq!(with("x5c", json!(["AAAA"])), "header");
    assert_eq!(with("jwk", tokens.jwks()["keys"][0].clone()), "header");
    let missing = resigned(&tokens, |header, _| drop(header.as_object_mut().unwrap().remove("kid")));
    assert_eq!(refusal(&tokens, &missing), "header");
}

#[tokio::test]
async fn the_media_type_may_be_spelled_as_rfc_9068_allows() {
    let house = House::new().await;
    let tokens = house.tokens().await;

    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        assert!(tokens.verify(&resigned(&tokens, |header, _| header["typ"] = json!(typ))).is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn claims_that_are_wrong_missing_or_of_another_type_are_refused() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let wrong = [
        ("iss", json!("https://attacker.example")),
        ("iss", json!(["https://login.example.com"])),
        ("aud", json!("another")),
        ("aud", json!(["twostep"])),
        ("aud", json!("twostep ")),
        ("exp", json!("1800000600")),
        ("exp", json!(1_800_000_600.5)),
        ("exp", json!(true)),
        ("exp", json!(1e300)),
        ("exp", Value::Null),
        ("nbf", json!("1800000000")),
        ("sub", json!(1)),
        ("sub", json!("jane")),
        ("sid", json!("none")),
        ("email", json!({})),
        ("roles", json!("Administrator")),
        ("roles", json!([1])),
        ("amr", json!(["pwd", "face"])),
        ("auth_time", json!("now")),
        (ROLE_URI, json!(7)),
    ];

    for (name, value) in wrong {
        let token = resigned(&tokens, |_, claims| claims[name] = value.clone());
        assert_eq!(refusal(&tokens, &token), "signature or claims", "{name} {value}");
    }
    for value in [i64::MAX, i64::MIN] {
        for name in ["exp", "nbf", "auth_time"] {
            let token = resigned(&tokens, |_, claims| claims[name] = json!(value));
            assert_eq!(refusal(&tokens, &token), "times", "{name} {value}");
        }
    }
    for name in ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid", "email", "name", "roles", "amr"] {
        let token = resigned(&tokens, |_, claims| drop(claims.as_object_mut().unwrap().remove(name)));
        assert_eq!(refusal(&tokens, &token), "signature or claims", "{name}");
    }
}

#[tokio::test]
async fn a_claim_that_stands_twice_is_refused() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let (header, claims) = opened(&tokens.issue(&grant()).unwrap().token);
    let twice = claims.to_string().replacen('{', "{\"sub\":\"00000000-0000-0000-0000-000000000009\",", 1);
    let message = format!("{}.{}", encoded(&header), URL_SAFE_NO_PAD.encode(twice));
    let key = &tokens.0.keys.signer.encoding;
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), key, jsonwebtoken::Algorithm::EdDSA).unwrap();

    assert_eq!(refusal(&tokens, &format!("{message}.{signature}")), "signature or claims");
}

#[tokio::test]
async fn unsigned_and_swapped_algorithms_are_refused() {
    let house = House::new().await;
    for algorithm in ALL {
        let tokens = house.load(&settings(algorithm)).await.unwrap();
        let token = tokens.issue(&grant()).unwrap().token;
        let (mut header, claims) = opened(&token);
        let signature = token.rsplit('.').next().unwrap();

        for none in ["none", "None", "NONE", ""] {
            header["alg"] = json!(none);
            let message = format!("{}.{}", encoded(&header), encoded(&claims));
            for signature in ["", signature] {
                let forged = format!("{message}.{signature}");
                assert_eq!(refusal(&tokens, &forged), "signature or claims", "{algorithm:?} {none}");
            }
        }
        let stripped = token.rsplit_once('.').unwrap().0;
        assert!(tokens.verify(stripped).is_err());
        assert!(tokens.verify(&format!("{stripped}.")).is_err());
    }
}

#[tokio::test]
async fn the_public_key_is_no_shared_secret() {
    let house = House::new().await;
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let tokens = house.load(&settings(algorithm)).await.unwrap();
        let (mut header, claims) = opened(&tokens.issue(&grant()).unwrap().token);
        header["alg"] = json!("HS256");
        let jwk = tokens.jwks()["keys"][0].clone();
        let member = ["x", "n"].into_iter().find_map(|name| jwk[name].as_str()).unwrap();

        let raw = URL_SAFE_NO_PAD.decode(member).unwrap();
        for secret in [raw.as_slice(), member.as_bytes(), jwk.to_string().as_bytes()] {
            let key = EncodingKey::from_secret(secret);
            let forged = signed(&header, &claims, &key, jsonwebtoken::Algorithm::HS256);
            assert_eq!(refusal(&tokens, &forged), "signature or claims", "{algorithm:?}");
        }
    }
}

#[tokio::test]
async fn foreign_and_altered_tokens_are_refused() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let foreign = House::new().await.tokens().await;
    let token = tokens.issue(&grant()).unwrap().token;
    let (header, mut claims) = opened(&token);
    assert!(tokens.verify(&token).is_ok());

    let foreign_token = foreign.issue(&grant()).unwrap().token;
    assert_eq!(refusal(&tokens, &foreign_token), "unknown key");
    let foreign_key = &foreign.0.keys.signer.encoding;
    let under_our_name = signed(&header, &claims, foreign_key, jsonwebtoken::Algorithm::EdDSA);
    assert_eq!(refusal(&tokens, &under_our_name), "signature or claims");

    let signature = token.rsplit('.').next().unwrap();
    claims["roles"] = json!(["Owner"]);
    let altered = format!("{}.{}.{signature}", encoded(&header), encoded(&claims));
    assert_eq!(refusal(&tokens, &altered), "signature or claims");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let token = tokens.issue(&grant()).unwrap().token;

    for text in ["", ".", "..", "...", "a.b.c", "null", "🔑.🔑.🔑", &random_token::<32>()] {
        assert!(tokens.verify(text).is_err(), "{text}");
    }
    for text in [format!(" {token}"), format!("{token} "), format!("{token}="), format!("{token}.x")] {
        assert!(tokens.verify(&text).is_err(), "{text}");
    }
    let long = resigned(&tokens, |_, claims| claims["more"] = json!("x".repeat(LONGEST)));
    assert_eq!(refusal(&tokens, &long), "too long");
}

#[tokio::test]
async fn a_token_of_another_algorithm_is_refused_after_a_change_of_configuration() {
    let house = House::new().await;
    let old = house.tokens().await.issue(&grant()).unwrap().token;

    let tokens = house.load(&settings(Algorithm::ES256)).await.unwrap();

    assert_eq!(refusal(&tokens, &old), "unknown key");
    assert_eq!(tokens.jwks()["keys"].as_array().unwrap().len(), 1);
    assert_eq!(Tokens::list(&house.db).await.unwrap().len(), 2);
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
    assert_eq!(kept.len(), 3);
    assert!(!kept.contains(&Algorithm::HS256));
}

#[tokio::test]
async fn two_starts_at_once_end_with_one_key() {
    let house = House::new().await;
    let settings = settings(Algorithm::ES256);

    let (a, b, c) = tokio::join!(house.load(&settings), house.load(&settings), house.load(&settings));

    let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
    let token = a.issue(&grant()).unwrap().token;
    assert!(b.verify(&token).is_ok());
    assert_eq!(a.jwks(), b.jwks());
    assert_eq!(a.jwks(), c.jwks());
    let keys = Tokens::list(&house.db).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].id, a.0.keys.signer.id);
    assert_eq!(keys[0].created_at, house.clock.now());
    assert_eq!(keys[0].retired_at, None);
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
    moved.slot = Set("EdDSA/2".to_owned());
    moved.insert(&house.db).await.unwrap();
    assert!(matches!(house.load(&settings(Algorithm::EdDSA)).await, Err(KeyError::Sealed(_))));
}

#[tokio::test]
async fn a_retired_key_verifies_and_the_newest_one_signs() {
    let house = House::new().await;
    let before = house.tokens().await.issue(&grant()).unwrap().token;
    let row = signing_key::Entity::find().one(&house.db).await.unwrap().unwrap();
    let mut retired = row.into_active_model();
    retired.retired_at = Set(Some(house.clock.now().millis()));
    retired.update(&house.db).await.unwrap();
    house.clock.advance(Duration::from_secs(1));

    let tokens = house.tokens().await;

    let after = tokens.issue(&grant()).unwrap().token;
    assert_ne!(opened(&before).0["kid"], opened(&after).0["kid"]);
    assert!(tokens.verify(&before).is_ok());
    assert!(tokens.verify(&after).is_ok());
    assert_eq!(tokens.jwks()["keys"].as_array().unwrap().len(), 2);
    let keys = Tokens::list(&house.db).await.unwrap();
    assert_eq!(keys[0].id, opened(&after).0["kid"]);
    assert_eq!(keys[1].retired_at, Some(Timestamp::from_millis(1_800_000_000_500)));
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

#[tokio::test]
async fn a_verified_token_is_answered_from_memory() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let token = tokens.issue(&grant()).unwrap().token;

    let first = tokens.verify(&token).unwrap();
    let second = tokens.verify(&token).unwrap();

    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(tokens.0.checked.len(), 1);
    house.clock.advance(Duration::from_secs(600));
    assert!(tokens.verify(&token).is_err());
    assert_eq!(tokens.0.checked.len(), 0);
}
