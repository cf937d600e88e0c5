//! What the document says of one method of one path. It is put together beside the handler, from the types that the handler
//! reads and writes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::problems;
use crate::api::error::{Problem, ProblemBody, Told};

/// Schemas by name.
type Schemas = Vec<(String, RefOr<Schema>)>;

/// One method of one path.
pub(in crate::api) struct Operation {
    /// In small letters.
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    members: Map<String, Value>,
    parameters: Vec<Value>,
    answers: BTreeMap<u16, Value>,
    problems: BTreeMap<u16, Vec<Told>>,
    schemas: Schemas,
}

/// An operation as it stands in the document, and what it refers to.
pub(super) struct Parts {
    pub(super) operation: Value,
    pub(super) schemas: Map<String, Value>,
    pub(super) responses: Map<String, Value>,
}

impl Operation {
    pub(in crate::api) fn get(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("get", path, id, summary)
    }

    pub(in crate::api) fn head(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("head", path, id, summary)
    }

    pub(in crate::api) fn post(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("post", path, id, summary)
    }

    pub(in crate::api) fn put(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("put", path, id, summary)
    }

    pub(in crate::api) fn patch(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("patch", path, id, summary)
    }

    pub(in crate::api) fn delete(path: &'static str, id: &str, summary: &str) -> Self {
        Self::new("delete", path, id, summary)
    }

    fn new(method: &'static str, path: &'static str, id: &str, summary: &str) -> Self {
        let mut members = Map::new();
        members.insert("tags".to_owned(), Value::Null);
        members.insert("summary".to_owned(), summary.into());
        members.insert("operationId".to_owned(), id.into());
        let (answers, problems) = (BTreeMap::new(), BTreeMap::new());
        Self { method, path, members, parameters: Vec::new(), answers, problems, schemas: Vec::new() }
    }

    /// Which part of the API it belongs to.
    pub(in crate::api) fn tag(self, tag: &str) -> Self {
        self.with("tags", json!([tag]))
    }

    /// More than the summary.
    pub(in crate::api) fn about(self, description: &str) -> Self {
        self.with("description", description.into())
    }

    /// It needs an access token.
    pub(in crate::api) fn needs_token(self) -> Self {
        self.with("security", json!([{"accessToken": []}]))
    }

    /// It may be asked with a cookie.
    pub(in crate::api) fn may_use_cookie(self, scheme: &str) -> Self {
        self.with("security", json!([{}, {scheme: []}]))
    }

    /// It has something in its path.
    pub(in crate::api) fn in_path(mut self, name: &str, description: &str) -> Self {
        let schema = json!({"type": "string"});
        self.parameters.push(json!({
            "name": name, "in": "path", "required": true, "description": description, "schema": schema,
        }));
        self
    }

    /// It has something in its query.
    pub(in crate::api) fn in_query(
        mut self,
        name: &str,
        description: &str,
        required: bool,
        schema: &Value,
    ) -> Self {
        self.parameters.push(json!({
            "name": name, "in": "query", "required": required, "description": description, "schema": schema,
        }));
        self
    }

    /// It takes a `T`, such as `example`.
    pub(in crate::api) fn takes<T: ToSchema>(self, example: Value) -> Self {
        self.body::<T>(true, example)
    }

    /// It takes a `T`, or no body at all.
    pub(in crate::api) fn may_take<T: ToSchema>(self, example: Value) -> Self {
        self.body::<T>(false, example)
    }

    fn body<T: ToSchema>(mut self, required: bool, example: Value) -> Self {
        let content = self.content::<T>(example);
        self.with("requestBody", json!({"required": required, "content": content}))
    }

    /// It answers with a `T`, such as `example`.
    pub(in crate::api) fn answers<T: ToSchema>(
        mut self,
        status: u16,
        description: &str,
        example: Value,
    ) -> Self {
        let content = self.content::<T>(example);
        self.answer(status, description, Some(content))
    }

    /// It answers with a list of `T`.
    pub(in crate::api) fn answers_list<T: ToSchema>(
        mut self,
        status: u16,
        description: &str,
        example: Value,
    ) -> Self {
        let schema = json!({"type": "array", "items": self.schema_of::<T>()});
        self.answer(status, description, Some(json_content(schema, example)))
    }

    /// It answers with a body that is no JSON, or of which no schema tells more.
    pub(in crate::api) fn answers_with(
        self,
        status: u16,
        description: &str,
        media_type: &str,
        content: &Value,
    ) -> Self {
        self.answer(status, description, Some(json!({ media_type: content })))
    }

    /// It answers with an empty body.
    pub(in crate::api) fn answers_nothing(self, status: u16, description: &str) -> Self {
        self.answer(status, description, None)
    }

    /// Its answer has this header.
    pub(in crate::api) fn header(self, status: u16, name: &str, description: &str) -> Self {
        self.with_header(status, name, json!({"description": description, "schema": {"type": "string"}}))
    }

    /// Its answer may ask to be waited for.
    pub(in crate::api) fn may_wait(self, status: u16) -> Self {
        self.with_header(status, "Retry-After", problems::retry_after())
    }

    /// It may meet these problems.
    pub(in crate::api) fn problems<const N: usize>(mut self, problems: [Problem; N]) -> Self {
        self.schema_of::<ProblemBody>();
        for told in problems.into_iter().map(|problem| problem.told()) {
            let known = self.problems.entry(told.status).or_default();
            if known.iter().all(|other| other.code != told.code) {
                known.push(told);
            }
        }
        self
    }

    #[cfg(test)]
    pub(super) fn id(&self) -> &str {
        self.members["operationId"].as_str().unwrap_or_default()
    }

    /// As it stands in the document.
    pub(super) fn into_parts(mut self) -> Parts {
        let mut named = Map::new();
        let mut responses: BTreeMap<u16, Value> = self.answers;
        for (status, told) in &self.problems {
            responses.insert(*status, problems::response(told, &mut named));
        }
        if !self.parameters.is_empty() {
            self.members.insert("parameters".to_owned(), self.parameters.into());
        }
        let responses: Map<_, _> =
            responses.into_iter().map(|(status, answer)| (status.to_string(), answer)).collect();
        self.members.insert("responses".to_owned(), responses.into());
        let schemas = self.schemas.into_iter().map(|(name, schema)| (name, json!(schema)));
        Parts { operation: self.members.into(), schemas: schemas.collect(), responses: named }
    }

    fn with(mut self, member: &str, value: Value) -> Self {
        self.members.insert(member.to_owned(), value);
        self
    }

    fn with_header(mut self, status: u16, name: &str, header: Value) -> Self {
        let answer = self.answers.get_mut(&status).and_then(|answer| answer.get_mut("headers"));
        if let Some(headers) = answer.and_then(Value::as_object_mut) {
            headers.insert(name.to_owned(), header);
        }
        self
    }

    fn answer(mut self, status: u16, description: &str, content: Option<Value>) -> Self {
        let mut answer = Map::new();
        answer.insert("description".to_owned(), description.into());
        answer.insert("headers".to_owned(), json!({"X-Request-Id": problems::request_id()}));
        if let Some(content) = content {
            answer.insert("content".to_owned(), content);
        }
        self.answers.insert(status, answer.into());
        self
    }

    fn content<T: ToSchema>(&mut self, example: Value) -> Value {
        json_content(self.schema_of::<T>(), example)
    }

    /// A reference to the schema of `T`, which joins the document.
    fn schema_of<T: ToSchema>(&mut self) -> Value {
        T::schemas(&mut self.schemas);
        let name = T::name().into_owned();
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        self.schemas.push((name, T::schema()));
        reference
    }
}

fn json_content(schema: Value, example: Value) -> Value {
    let content: Map<_, _> =
        [("schema".to_owned(), schema), ("example".to_owned(), example)].into_iter().collect();
    json!({"application/json": content})
}
