//! Every answer that a test gets from a described route is held to the document: status, headers, body.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::Answer;

type Validators = HashMap<String, Arc<Validator>>;

/// As clients get it.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(twostep::startup::openapi);
/// The same, but with no more members than are told.
static STRICT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = DOCUMENT.clone();
    for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = false.into();
        }
    }
    document
});
static VALIDATORS: LazyLock<Mutex<Validators>> = LazyLock::new(Mutex::default);

/// A request that was made: method, path with query, body.
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn of(request: &reqwest::Request) -> Self {
        Self {
            method: request.method().as_str().to_lowercase(),
            path: request.url().path().to_owned(),
            body: request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec(),
        }
    }
}

/// Fails if the document says otherwise; what it does not describe is let pass.
#[track_caller]
pub(crate) fn hold(asked: &Asked, answer: &Answer) {
    let Some((path, method)) = operation(&asked.path, &asked.method) else { return };
    let operation = &STRICT["paths"][&path][&method];
    let place = format!("{method} {path} {}", answer.status);
    let told = resolve(&STRICT, &operation["responses"][answer.status.to_string()]);
    assert!(told.is_object(), "{place} is not in the document: {}", answer.text);
    for name in
        answer.headers.keys().filter(|name| ["retry-after", "www-authenticate"].contains(&name.as_str()))
    {
        let headers = told["headers"].as_object().into_iter().flat_map(Map::keys);
        assert!(headers.clone().any(|told| told.eq_ignore_ascii_case(name.as_str())), "{place}: {name}");
    }
    assert!(answer.header("x-request-id").is_some(), "{place}: no id");
    hold_body(&place, told, answer, asked.method == "head");
    if path.starts_with("/api/v1") && answer.status < 300 {
        hold_request(&place, operation, asked);
    }
}

#[track_caller]
fn hold_body(place: &str, told: &Value, answer: &Answer, is_head: bool) {
    let Some(content) = told.get("content").and_then(Value::as_object) else {
        assert_eq!(answer.text, "", "{place} has no body");
        return;
    };
    let media_type = answer.header("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().to_owned();
    let content = content.get(&media_type).unwrap_or_else(|| panic!("{place}: {media_type:?}"));
    if media_type.ends_with("json") && !is_head {
        assert_valid(&STRICT, place, &content["schema"], &answer.json());
    }
}

/// What was taken is what may be sent.
#[track_caller]
fn hold_request(place: &str, operation: &Value, asked: &Asked) {
    let body = &operation["requestBody"];
    match serde_json::from_slice(&asked.body) {
        Ok(sent) if body.is_object() => {
            let schema = &body["content"]["application/json"]["schema"];
            assert_valid(&DOCUMENT, &format!("request of {place}"), schema, &sent);
        }
        _ => assert_ne!(body["required"], true, "{place} took {:?}", String::from_utf8_lossy(&asked.body)),
    }
}

/// Asserts that a schema of the document lets `value` pass.
#[track_caller]
pub(crate) fn assert_valid(document: &Value, place: &str, schema: &Value, value: &Value) {
    let strict = std::ptr::eq(document, &raw const *STRICT);
    let validator = {
        let mut validators = VALIDATORS.lock().unwrap();
        let key = format!("{strict} {schema}");
        let make = || Arc::new(compile(document, schema));
        Arc::clone(validators.entry(key).or_insert_with(make))
    };
    let faults: Vec<_> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{place}: {value} {}", faults.join(", "));
}

fn compile(document: &Value, schema: &Value) -> Validator {
    let whole = json!({"components": {"schemas": document["components"]["schemas"]}, "allOf": [schema]});
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        .build(&whole)
        .unwrap_or_else(|fault| panic!("{schema}: {fault}"))
}

/// Path and method under which the document has what was asked; HEAD is answered where GET is.
pub(crate) fn operation(path: &str, method: &str) -> Option<(String, String)> {
    let is_folded =
        ["/api/accounts", "/api/companies"].iter().any(|room| path.to_lowercase().starts_with(room));
    let path = if is_folded { path.trim_end_matches('/').to_lowercase() } else { path.to_owned() };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let (template, item) = paths.iter().find(|(template, _)| matches(template, &path))?;
    let methods = [method, if method == "head" { "get" } else { method }];
    let method = methods.into_iter().find(|method| item.get(method).is_some())?;
    Some((template.clone(), method.to_owned()))
}

fn matches(template: &str, path: &str) -> bool {
    let (mut told, mut asked) = (template.split('/'), path.split('/'));
    let is_same = told
        .by_ref()
        .zip(asked.by_ref())
        .all(|(told, asked)| told.starts_with('{') && !asked.is_empty() || told == asked);
    is_same && template.split('/').count() == path.split('/').count()
}

/// What a reference means; anything else is itself.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = value["$ref"].as_str().map(|place| place.trim_start_matches('#'));
    place.map_or(value, |place| document.pointer(place).unwrap_or_else(|| panic!("{place} leads nowhere")))
}

/// Path, method and operation of everything that is described.
pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, told)| (path.as_str(), method.as_str(), told))
    })
}
