//! Schemas in words.

use serde::Serialize;
use serde_json::Value;

/// A member of an object, or a parameter.
#[derive(Serialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) r#type: String,
    /// The name of the schema that tells more.
    pub(super) link: Option<String>,
    pub(super) required: bool,
    pub(super) description: String,
}

/// The members of an object.
pub(super) fn members(schema: &Value) -> Vec<Member> {
    let is_required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name))
    };
    let member = |(name, of): (&String, &Value)| {
        let (r#type, link) = type_of(of);
        // Where there is a choice, it stands beside the one that is not null.
        let choices = of["oneOf"].as_array().into_iter().flatten();
        let description = [of].into_iter().chain(choices).find_map(|part| part["description"].as_str());
        let description = description.unwrap_or_default().to_owned();
        Member { name: name.clone(), r#type, link, required: is_required(name), description }
    };
    schema["properties"].as_object().into_iter().flatten().map(member).collect()
}

/// A schema in words, and the name of the one that it refers to.
pub(super) fn type_of(schema: &Value) -> (String, Option<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|place| place.rsplit('/').next()) {
        return (name.to_owned(), Some(name.to_owned()));
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().map(|value| value.as_str().unwrap_or("null")).collect();
        return (values.join(" | "), None);
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.first().map(type_of).unwrap_or_default();
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let told: Vec<_> = choices.iter().map(type_of).collect();
        let link = told.iter().find_map(|(_, link)| link.clone());
        let words: Vec<_> = told.into_iter().map(|(words, _)| words).collect();
        return (words.join(" or "), link);
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => {
            let (of, link) = type_of(&schema["items"]);
            (format!("list of {of}"), link)
        }
        Value::String(name) => (named(name, schema), None),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).map(|name| named(name, schema));
            (names.collect::<Vec<_>>().join(" or "), None)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => ("anything".to_owned(), None),
    }
}

fn named(name: &str, schema: &Value) -> String {
    match schema["format"].as_str() {
        Some(format) if name == "string" => format!("{name} ({format})"),
        _ => name.to_owned(),
    }
}
