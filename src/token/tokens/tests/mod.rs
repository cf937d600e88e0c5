//! Minting, times, and the memory of checked tokens.

mod forged;
mod kept;
mod rotation;

use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::EncodingKey;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::{ConnectOptions, Database};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::clock::Span;
use crate::token::Method;
use crate::vault::MasterKey;

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
    signed(&header, &claims, &tokens.0.keys.load().signer.encoding, tokens.0.settings.algorithm.into())
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
async fn a_verified_token_is_answered_from_memory() {
    let house = House::new().await;
    let tokens = house.tokens().await;
    let token = tokens.issue(&grant()).unwrap().token;

    let first = tokens.verify(&token).unwrap();
    let second = tokens.verify(&token).unwrap();

    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(tokens.0.checked.len(), 1);
    house.clock.advance(Duration::from_mins(10));
    assert!(tokens.verify(&token).is_err());
    assert_eq!(tokens.0.checked.len(), 0);
}
