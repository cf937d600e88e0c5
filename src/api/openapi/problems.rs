//! Problems in the document: by status, with the codes that an operation may answer.

use serde_json::{Map, Value, json};

use crate::api::error::Told;

/// Codes whose members or status depend on the operation: each of its answers is told in place.
const IN_PLACE: [&str; 1] = ["invalid_code"];

/// The answer of a status. One that can only be a single problem joins `named`, because many operations share it.
pub(super) fn response(problems: &[Told], named: &mut Map<String, Value>) -> Value {
    match problems {
        [only] if !IN_PLACE.contains(&only.code) => {
            let name = pascal_case(only.code);
            let reference = json!({"$ref": format!("#/components/responses/{name}")});
            named.insert(name, in_full(problems));
            reference
        }
        _ => in_full(problems),
    }
}

/// When to ask again.
pub(super) fn retry_after() -> Value {
    json!({"$ref": "#/components/headers/RetryAfter"})
}

/// Under which id the answer is found in the log.
pub(super) fn request_id() -> Value {
    json!({"$ref": "#/components/headers/RequestId"})
}

fn in_full(problems: &[Told]) -> Value {
    let codes: Vec<_> = problems.iter().map(|told| told.code).collect();
    let details: Vec<_> = problems.iter().map(|told| format!("`{}`: {}", told.code, told.detail)).collect();
    let members_of_all = ["retryAfter", "attemptsLeft", "errors"]
        .into_iter()
        .filter(|member| problems.iter().all(|told| told.body.get(member).is_some()));
    let examples: Map<_, _> =
        problems.iter().map(|told| (told.code.to_owned(), json!({"value": told.body}))).collect();
    let status = problems.first().map_or(0, |told| told.status);
    let mut headers = Map::new();
    headers.insert("X-Request-Id".to_owned(), request_id());
    if problems.iter().any(|told| told.body.get("retryAfter").is_some()) {
        headers.insert("Retry-After".to_owned(), retry_after());
    }
    if codes.contains(&"unauthorized") {
        let challenge = json!({"description": "What is missing (RFC 6750).", "schema": {"type": "string"}});
        headers.insert("WWW-Authenticate".to_owned(), challenge);
    }
    let narrower = json!({
        "type": "object",
        "required": members_of_all.collect::<Vec<_>>(),
        "properties": {"status": {"const": status}, "code": {"enum": codes}},
    });
    json!({
        "description": details.join(" "),
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrower]},
            "examples": examples,
        }},
    })
}

fn pascal_case(code: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    code.split('_').map(word).collect()
}
