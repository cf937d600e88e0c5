//! The document in itself: `OpenAPI` 3.1, whole, and true to what it shows.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::support::document::{DOCUMENT, assert_valid, operations, resolve};
use crate::support::*;

/// Calls `look` with everything in `value`.
fn walk(value: &Value, look: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            look(members);
            members.values().for_each(|inner| walk(inner, look));
        }
        Value::Array(elements) => elements.iter().for_each(|inner| walk(inner, look)),
        _ => {}
    }
}

fn needs_token(operation: &Value) -> bool {
    operation["security"] == json!([{"accessToken": []}])
}

#[test]
fn it_is_openapi_3_1_and_every_operation_is_whole() {
    let tags: BTreeSet<_> =
        DOCUMENT["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();

    assert!(DOCUMENT["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(DOCUMENT["info"]["version"], env!("CARGO_PKG_VERSION"));
    for (path, method, operation) in operations() {
        let place = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{place}: its id is another's");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{place}");
        let used = operation["tags"].as_array().unwrap();
        assert!(used.len() == 1 && tags.contains(used[0].as_str().unwrap()), "{place}: {used:?}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{place}");
        for (status, answer) in answers {
            let answer = resolve(&DOCUMENT, answer);
            assert!(!answer["description"].as_str().unwrap().is_empty(), "{place} {status}");
            assert!(answer["headers"].get("X-Request-Id").is_some(), "{place} {status}");
            let waits = ["429", "503"].contains(&status.as_str());
            assert!(!waits || answer["headers"].get("Retry-After").is_some(), "{place} {status}");
        }
        let in_path = path.matches('{').count();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        assert_eq!(parameters.filter(|parameter| parameter["in"] == "path").count(), in_path, "{place}");
    }
    assert!(tags.iter().all(|tag| operations().any(|(.., operation)| operation["tags"][0] == *tag)));
}

#[test]
fn what_is_referred_to_is_there_and_nothing_else() {
    let mut used = BTreeSet::new();
    walk(&DOCUMENT, &mut |members| {
        if let Some(Value::String(place)) = members.get("$ref") {
            resolve(&DOCUMENT, &json!({"$ref": place}));
            used.insert(place.clone());
        }
    });

    for part in ["schemas", "responses", "headers"] {
        for name in DOCUMENT["components"][part].as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/{part}/{name}")), "{part} {name} is not used");
        }
    }
    for name in ["Tokens", "Challenge", "Problem"] {
        assert!(used.contains(&format!("#/components/schemas/{name}")), "{name}");
    }
    let schemes = DOCUMENT["components"]["securitySchemes"].as_object().unwrap();
    for (.., operation) in operations() {
        let named = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
        assert!(named.flat_map(Map::keys).all(|name| schemes.contains_key(name)), "{operation}");
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut examples = 0;
    let contents = operations().flat_map(|(path, method, operation)| {
        let answers = operation["responses"].as_object().unwrap().values();
        let bodies =
            [&operation["requestBody"]].into_iter().chain(answers).map(|told| resolve(&DOCUMENT, told));
        let contents = bodies.filter_map(|told| told["content"].as_object()).flat_map(Map::values);
        contents.map(move |content| (format!("{method} {path}"), content))
    });
    for (place, content) in contents {
        let several =
            content["examples"].as_object().into_iter().flat_map(Map::values).map(|one| &one["value"]);
        for example in content.get("example").into_iter().chain(several) {
            examples += 1;
            assert_valid(&DOCUMENT, &place, &content["schema"], example);
        }
    }

    assert!(examples > 100, "{examples}");
    for (path, method, operation) in
        operations().filter(|(.., operation)| operation["requestBody"].is_object())
    {
        let content = &operation["requestBody"]["content"]["application/json"];
        assert!(content["example"].is_object(), "{method} {path}");
    }
}

#[test]
fn everything_that_is_sent_and_answered_is_explained() {
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name}");
        for (member, of) in schema["properties"].as_object().into_iter().flatten() {
            // Where there is a choice, it stands beside the one that is not null.
            let choices = of["oneOf"].as_array().into_iter().flatten();
            let is_explained = [of].into_iter().chain(choices).any(|part| part["description"].is_string());
            assert!(is_explained, "{name}.{member}: {of}");
        }
    }
}

#[actix_web::test]
async fn what_needs_a_token_is_refused_without_one_and_nothing_else_is() {
    let app = TestApp::builder(Engine::Sqlite)
        .set("providers.Sms.enabled", "true")
        .set("providers.Sms.gateway", "inbox")
        .start()
        .await;

    for (path, method, operation) in operations() {
        let method = reqwest::Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let request = app.client().request(method, &path.replace("{id}", "x"));
        let answer = app.client().send(request).await;

        let asks_for_token = answer.status == 401 && answer.header("www-authenticate").is_some();
        assert_eq!(asks_for_token, needs_token(operation), "{path}: {} {}", answer.status, answer.text);
    }
}
