//! The document as a page, made on the server: nothing on it needs a script but its filter.

use minijinja::Value as Text;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, HtmlEscape};
use serde::Serialize;
use serde_json::{Map, Value};

use super::schema::{Member, members, type_of};
use crate::api::pages;

/// The page. Its template is a file of ours, which a test fills in: an empty page is never seen.
pub(super) fn html(document: &Value) -> String {
    let mut templates = Environment::new();
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        templates.set_syntax(syntax);
    }
    templates.add_filter("marked", marked);
    let page = Page {
        info: &document["info"],
        sections: sections(document),
        schemas: schemas(document),
        schemes: at(document, ["components", "securitySchemes"]),
    };
    let page = Text::from(Serde(page));
    templates.render_named_str("docs.html", &pages::template("docs.html"), page).unwrap_or_default()
}

#[derive(Serialize)]
struct Page<'a> {
    info: &'a Value,
    sections: Vec<Section>,
    schemas: Vec<SchemaView>,
    schemes: &'a Value,
}

/// A text whose `code` is marked as such.
fn marked(text: &str) -> Text {
    let parts = text.split('`').enumerate().map(|(at, part)| {
        let part = HtmlEscape(part);
        if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_string() }
    });
    Text::from_safe_string(parts.collect())
}

/// What belongs together.
#[derive(Serialize)]
struct Section {
    name: String,
    description: String,
    operations: Vec<OperationView>,
}

#[derive(Serialize)]
struct OperationView {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    security: Option<&'static str>,
    parameters: Vec<ParameterView>,
    body: Option<BodyView>,
    answers: Vec<AnswerView>,
}

#[derive(Serialize)]
struct ParameterView {
    place: String,
    #[serde(flatten)]
    member: Member,
}

#[derive(Serialize)]
struct BodyView {
    required: bool,
    name: String,
    members: Vec<Member>,
    example: String,
}

#[derive(Serialize)]
struct AnswerView {
    status: String,
    description: String,
    media_type: String,
    schema: Option<String>,
    link: Option<String>,
    headers: Vec<String>,
    codes: Vec<CodeView>,
    example: Option<String>,
}

#[derive(Serialize)]
struct CodeView {
    code: String,
    detail: String,
}

#[derive(Serialize)]
struct SchemaView {
    name: String,
    description: String,
    one_of: Vec<String>,
    members: Vec<Member>,
}

fn sections(document: &Value) -> Vec<Section> {
    let section = |tag: &Value| Section {
        name: text(&tag["name"]),
        description: text(&tag["description"]),
        operations: operations(document)
            .filter(|(_, _, of)| list(&of["tags"]).next() == tag.get("name"))
            .map(|told| operation(document, told))
            .collect(),
    };
    list(&document["tags"]).map(section).collect()
}

/// Path, method and operation.
fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    entries(&document["paths"])
        .flat_map(|(path, item)| entries(item).map(move |(method, operation)| (path, method, operation)))
}

fn operation(document: &Value, (path, method, of): (&String, &String, &Value)) -> OperationView {
    let security = list(&of["security"]).last().and_then(|scheme| match entries(scheme).next()?.0.as_str() {
        "accessToken" => Some("Needs an access token."),
        _ => Some("May be asked with a cookie."),
    });
    OperationView {
        id: text(&of["operationId"]),
        method: method.to_uppercase(),
        path: path.clone(),
        summary: text(&of["summary"]),
        description: text(&of["description"]),
        security,
        parameters: list(&of["parameters"]).map(parameter).collect(),
        body: of.get("requestBody").map(|body| request(document, body)),
        answers: entries(&of["responses"]).map(|(status, told)| answer(document, status, told)).collect(),
    }
}

fn parameter(of: &Value) -> ParameterView {
    let (r#type, link) = type_of(&of["schema"]);
    let required = of["required"] == true;
    let member =
        Member { name: text(&of["name"]), r#type, link, required, description: text(&of["description"]) };
    ParameterView { place: text(&of["in"]), member }
}

fn request(document: &Value, body: &Value) -> BodyView {
    let content = at(body, ["content", "application/json"]);
    let schema = resolve(document, &content["schema"]);
    BodyView {
        required: body["required"] == true,
        name: type_of(&content["schema"]).0,
        members: members(schema),
        example: pretty(&content["example"]),
    }
}

fn answer(document: &Value, status: &str, told: &Value) -> AnswerView {
    let told = resolve(document, told);
    let content = entries(&told["content"]).next();
    let media_type = content.map_or_else(String::new, |(media_type, _)| media_type.clone());
    let content = content.map_or(&Value::Null, |(_, content)| content);
    let (schema, link) = type_of(&content["schema"]);
    let codes = entries(&content["examples"]).map(|(code, example)| CodeView {
        code: code.clone(),
        detail: text(at(example, ["value", "detail"])),
    });
    let codes: Vec<_> = codes.collect();
    let headers =
        entries(&told["headers"]).map(|(name, _)| name.clone()).filter(|name| name != "X-Request-Id");
    AnswerView {
        status: status.to_owned(),
        // The codes tell it already.
        description: if codes.is_empty() { text(&told["description"]) } else { String::new() },
        schema: link.is_some().then_some(schema),
        link,
        media_type,
        headers: headers.collect(),
        codes,
        example: content.get("example").map(pretty),
    }
}

fn schemas(document: &Value) -> Vec<SchemaView> {
    let view = |(name, schema): (&String, &Value)| SchemaView {
        name: name.clone(),
        description: text(&schema["description"]),
        one_of: list(&schema["oneOf"]).filter_map(|one| type_of(one).1).collect(),
        members: members(schema),
    };
    entries(at(document, ["components", "schemas"])).map(view).collect()
}

/// What a reference means; anything else is itself.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = value["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| document.pointer(place)).unwrap_or(value)
}

/// What is at the end of a path of names; `null` if that leads nowhere.
fn at<'a, const N: usize>(value: &'a Value, path: [&str; N]) -> &'a Value {
    path.into_iter().try_fold(value, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

/// Texts as they are, anything else as JSON.
fn pretty(example: &Value) -> String {
    match example {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
