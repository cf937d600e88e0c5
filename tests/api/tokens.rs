//! Access tokens: what they say, who accepts them, and what is refused.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use twostep::auth::Change;

use crate::support::*;

on_every_engine!(
    a_token_says_what_the_contract_says,
    a_token_is_checked_without_the_database,
    the_signing_key_outlives_a_restart,
    two_first_starts_at_once_make_one_key
);

async fn a_token_is_checked_without_the_database(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let token = token_of(&app, JANE).await;

    app.db().close_by_ref().await.unwrap();

    app.client().get_with("/api/companies", &token).await.assert_status(200);
    app.client().get_with("/api/companies", &format!("{token}x")).await.assert_status(401);
    app.client().get_with("/api/v1/me", &token).await.assert_problem(503, "service_unavailable");
}

const JANE: &str = "jane@example.com";

async fn token_of(app: &TestApp, email: &str) -> String {
    app.client().login(email).await.token()
}

async fn keys(app: &TestApp) -> Value {
    let answer = app.client().get("/.well-known/jwks.json").await;
    answer.assert_status(200);
    answer.json()
}

/// Checks the signature by the published key, as any other service does.
fn verify_by(keys: &Value, token: &str, algorithm: Algorithm) -> Result<Value, jsonwebtoken::errors::Error> {
    let keys: JwkSet = serde_json::from_value(keys.clone()).unwrap();
    let kid = jwt::header(token)["kid"].as_str().unwrap().to_owned();
    let key = DecodingKey::from_jwk(keys.find(&kid).expect("the key is published"))?;
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&["twostep"]);
    validation.set_issuer(&["http://localhost:5001"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    jsonwebtoken::decode::<Value>(token, &key, &validation).map(|data| data.claims)
}

async fn a_token_says_what_the_contract_says(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.register_and_confirm(JANE).await;
    let two_step = Change { two_factor_enabled: Some(true), ..Change::default() };
    app.change(JANE, two_step).await;
    let client = app.client();
    let (challenge, code) = app.open_challenge(&client, JANE).await;

    let token = client.verify_challenge(JANE, &code, &challenge).await.token();

    let (header, claims) = (jwt::header(&token), jwt::claims(&token));
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(header["typ"], "at+jwt");
    let now = app.clock.now().seconds();
    for (name, value) in [
        ("iss", json!("http://localhost:5001")),
        ("aud", json!("twostep")),
        ("sub", json!(app.user(JANE).await.id)),
        ("iat", json!(now)),
        ("nbf", json!(now)),
        ("exp", json!(now + 600)),
        ("auth_time", json!(now)),
        ("email", json!(JANE)),
        ("name", json!("Jane Doe")),
        ("roles", json!(["Viewer"])),
        ("amr", json!(["pwd", "otp"])),
        ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", json!(JANE)),
        ("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", json!("Viewer")),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["jti"].as_str().unwrap().len() >= 16);
    let session: uuid::Uuid = claims["sid"].as_str().unwrap().parse().unwrap();
    let row = entity::session::Entity::find_by_id(session).one(app.db()).await.unwrap().unwrap();
    assert_eq!(row.expires_at, (now + 600) * 1000);
    let checked = verify_by(&keys(&app).await, &token, Algorithm::EdDSA).unwrap();
    assert_eq!(checked, claims);
}

async fn the_signing_key_outlives_a_restart(engine: Engine) {
    let app = TestApp::start(engine).await;
    app.add_user(JANE).await;
    let token = token_of(&app, JANE).await;

    let second = TestApp::builder(engine).beside(&app).start().await;

    second.client().get_with("/api/companies", &token).await.assert_status(200);
    assert_eq!(keys(&second).await, keys(&app).await);
    let rows = entity::signing_key::Entity::find().all(app.db()).await.unwrap();
    assert_eq!(rows.len(), 2, "one that signs and the next one");
    let seed_is_clear = rows
        .iter()
        .flat_map(|row| row.private_key.windows(16))
        .any(|bytes| bytes == &[0x30, 0x2e, 0x02, 0x01][..]);
    assert!(!seed_is_clear, "the private key is sealed");
}

async fn two_first_starts_at_once_make_one_key(engine: Engine) {
    let (first, second) = Builder::twice(engine).await;

    let (one, two) = futures_util::join!(first.start(), second.start());

    assert_eq!(keys(&one).await, keys(&two).await);
    one.add_user(JANE).await;
    let token = token_of(&one, JANE).await;
    two.client().get_with("/api/companies", &token).await.assert_status(200);
}

#[actix_web::test]
async fn one_role_is_a_string_for_aspnet_and_several_are_an_array() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    let roles = |names: &[&str]| Change {
        roles: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..Change::default()
    };
    let claim = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

    let one = jwt::claims(&token_of(&app, JANE).await);
    app.change(JANE, roles(&["Administrator", "Viewer"])).await;
    let two = jwt::claims(&token_of(&app, JANE).await);

    assert_eq!((&one["roles"], &one[claim]), (&json!(["Viewer"]), &json!("Viewer")));
    assert_eq!(two["roles"], json!(["Administrator", "Viewer"]));
    assert_eq!(two[claim], json!(["Administrator", "Viewer"]));
}

#[actix_web::test]
async fn the_aspnet_claims_can_be_left_out() {
    let app = TestApp::builder(Engine::Sqlite).set("tokens.aspnet_claims", "false").start().await;
    app.add_user(JANE).await;

    let claims = jwt::claims(&token_of(&app, JANE).await);

    assert!(claims.as_object().unwrap().keys().all(|name| !name.starts_with("http")), "{claims}");
    assert_eq!(claims["amr"], json!(["pwd"]));
}

#[actix_web::test]
async fn a_forged_token_is_answered_401() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    app.change(JANE, Change { roles: Some(vec!["Administrator".to_owned()]), ..Change::default() }).await;
    let client = app.client();
    let token = token_of(&app, JANE).await;
    let (header, claims) = (jwt::header(&token), jwt::claims(&token));
    let with_header = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        jwt::forge(&token, &header, &claims)
    };
    let mut promoted = claims.clone();
    promoted["roles"] = json!(["Root"]);
    let none = with_header("alg", json!("none"));
    let (unsigned, _) = none.rsplit_once('.').unwrap();
    let public = URL_SAFE_NO_PAD.decode(keys(&app).await["keys"][0]["x"].as_str().unwrap()).unwrap();
    let confused =
        jwt::sign_hs256(&json!({ "alg": "HS256", "typ": "at+jwt", "kid": header["kid"] }), &claims, &public);
    let cut = &token[..token.len() - 4];

    let forged = [
        none.clone(),
        format!("{unsigned}."),
        unsigned.to_owned(),
        with_header("alg", json!("HS256")),
        with_header("alg", json!("ES256")),
        with_header("kid", json!("another")),
        with_header("typ", json!("JWT")),
        with_header("crit", json!(["exp"])),
        jwt::forge(&token, &header, &promoted),
        confused,
        cut.to_owned(),
        format!("{token}x"),
        format!("{token}."),
        token.to_uppercase(),
        String::new(),
        "a.b.c".to_owned(),
        "x".repeat(5_000),
    ];
    for token in &forged {
        client.get_with("/api/companies", token).await.assert_text(401, "");
        client.get_with("/api/companies/privacy", token).await.assert_text(401, "");
    }
    for value in
        [format!("bearer  {token}x"), format!("Basic {token}"), token.clone(), format!("Bearer {token} x")]
    {
        let request = client.request(reqwest::Method::GET, "/api/companies").header("authorization", value);
        client.send(request).await.assert_text(401, "");
    }
    let twice =
        client.request(reqwest::Method::GET, "/api/companies").bearer_auth(&token).bearer_auth("x.y.z");
    client.send(twice).await.assert_text(401, "");
    client.get("/api/companies").await.assert_text(401, "");
    client.get(&format!("/api/companies?access_token={token}")).await.assert_text(401, "");
    client.get_with("/api/companies/privacy", &token).await.assert_status(200);
}

#[actix_web::test]
async fn a_token_ends_without_leeway_also_when_it_was_seen_before() {
    let app = TestApp::start(Engine::Sqlite).await;
    app.add_user(JANE).await;
    let client = app.client();
    let token = token_of(&app, JANE).await;
    client.get_with("/api/companies", &token).await.assert_status(200);

    app.clock.advance(Duration::from_millis(599_999));
    let before = client.get_with("/api/companies", &token).await;
    app.clock.advance(Duration::from_millis(1));
    let at = client.get_with("/api/companies", &token).await;

    before.assert_status(200);
    at.assert_text(401, "");
}

#[actix_web::test]
async fn a_token_of_another_house_is_refused() {
    let app = TestApp::start(Engine::Sqlite).await;
    let foreign = TestApp::start(Engine::Sqlite).await;
    foreign.add_user(JANE).await;
    let other_audience =
        TestApp::builder(Engine::Sqlite).beside(&app).set("tokens.audience", "other").start().await;
    let other_issuer =
        TestApp::builder(Engine::Sqlite).beside(&app).set("tokens.issuer", "https://x.example").start().await;
    app.add_user(JANE).await;

    for house in [&foreign, &other_audience, &other_issuer] {
        let token = token_of(house, JANE).await;

        house.client().get_with("/api/companies", &token).await.assert_status(200);
        app.client().get_with("/api/companies", &token).await.assert_text(401, "");
    }
}

#[actix_web::test]
async fn other_algorithms_by_configuration() {
    let key: [u8; 48] = twostep::vault::random_bytes();
    for (name, algorithm) in
        [("ES256", Algorithm::ES256), ("RS256", Algorithm::RS256), ("HS256", Algorithm::HS256)]
    {
        let app = TestApp::builder(Engine::Sqlite)
            .set("tokens.algorithm", name)
            .set("tokens.hs256_key", &STANDARD.encode(key))
            .start()
            .await;
        app.add_user(JANE).await;

        let token = token_of(&app, JANE).await;

        app.client().get_with("/api/companies", &token).await.assert_status(200);
        let header = jwt::header(&token);
        assert_eq!(header["alg"], name);
        let published = keys(&app).await;
        if name == "HS256" {
            assert_eq!(published, json!({ "keys": [] }), "a shared secret is not published");
            assert_eq!(token, jwt::sign_hs256(&header, &jwt::claims(&token), &key));
        } else {
            assert_eq!(verify_by(&published, &token, algorithm).unwrap(), jwt::claims(&token));
            assert_eq!(published["keys"][0].get("d"), None, "only the public half");
        }
    }
}
