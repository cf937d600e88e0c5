//! Tokens that must not pass.

use crate::vault::random_token;

use super::*;

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
    let key = &tokens.0.keys.load().signer.encoding;
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
    let foreign_key = &foreign.0.keys.load().signer.encoding;
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
