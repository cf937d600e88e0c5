//! The article's protected resource: two companies, and a look at one's own claims for administrators.

use std::borrow::Cow;

use actix_web::dev::HttpServiceFactory;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, http::header::ContentType};
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::error::Problem;
use super::openapi::{Operation, tag};
use super::{CurrentUser, Denied, read_only};

/// By name.
const COMPANIES: [Company; 2] = [
    Company {
        id: "3d490a70-94ce-4d15-9494-5248280c2ce3",
        name: "Admin_Solutions Ltd",
        full_address: "312 Forest Avenue, BF 923 USA",
    },
    Company {
        id: "c9d4c053-49b6-410c-bc78-2d54a9991870",
        name: "IT_Solutions Ltd",
        full_address: "583 Wall Dr. Gwynn Oak, MD 21207 USA",
    },
];

/// A company.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Company {
    /// Unique.
    #[schema(format = "uuid")]
    id: &'static str,
    /// What it is called.
    name: &'static str,
    /// Where it is.
    full_address: &'static str,
}

/// GET /api/companies
pub(super) fn list_route() -> impl HttpServiceFactory + 'static {
    read_only("/api/companies", list)
}

/// GET /api/companies/privacy
pub(super) fn privacy_route() -> impl HttpServiceFactory + 'static {
    read_only("/api/companies/privacy", privacy)
}

pub(super) fn operations() -> Vec<Operation> {
    let denied = |operation: Operation| {
        operation
            .tag(tag::COMPANIES)
            .needs_token()
            .problems([Problem::NotFound])
            .answers_nothing(401, "There is no access token, or none that is accepted.")
            .header(401, "WWW-Authenticate", "What is missing (RFC 6750).")
    };
    let claims =
        json!([{"type": "email", "value": "jane@example.com"}, {"type": "roles", "value": "Administrator"}]);
    vec![
        denied(Operation::get("/api/companies", "listCompanies", "List the companies"))
            .answers_list::<Company>(200, "By name.", json!(COMPANIES)),
        denied(Operation::get("/api/companies/privacy", "listClaims", "List the claims of the token"))
            .about("For users with the role `Administrator`.")
            .answers_list::<Claim<'_>>(200, "One for each element of a claim that is a list.", claims)
            .answers_nothing(403, "The user may not do this."),
    ]
}

async fn list(_user: CurrentUser) -> HttpResponse {
    HttpResponse::Ok().json(COMPANIES)
}

async fn privacy(user: CurrentUser) -> Result<HttpResponse, Denied> {
    user.require_role("Administrator")?;
    let mut body = Vec::with_capacity(1024);
    // Texts and numbers always serialise, and a vector always has room.
    let _ = serde_json::to_writer(&mut body, &ClaimList(&user.claims().all));
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(Bytes::from(body)))
}

/// Claims as ASP.NET lists them: texts, and one entry for each element of an array.
struct ClaimList<'a>(&'a Map<String, Value>);

/// A claim of the token that was sent.
#[derive(Serialize, ToSchema)]
struct Claim<'a> {
    /// Its name.
    r#type: &'a str,
    /// As a text.
    value: Cow<'a, str>,
}

impl Serialize for ClaimList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut add = |r#type: &str, value: &Value| match value {
            Value::String(text) => list.serialize_element(&Claim { r#type, value: text.into() }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                list.serialize_element(&Claim { r#type, value: value.to_string().into() })
            }
        };
        for (name, value) in self.0 {
            match value {
                Value::Array(elements) => elements.iter().try_for_each(|element| add(name, element))?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                    add(name, value)?;
                }
            }
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_texts_and_an_array_gives_one_for_each_element() {
        let claims = json!({"sub": "u", "exp": 17, "roles": ["A", "B"], "amr": [], "on": true});

        let list = serde_json::to_value(ClaimList(claims.as_object().unwrap())).unwrap();

        assert_eq!(
            list,
            json!([
                {"type": "sub", "value": "u"},
                {"type": "exp", "value": "17"},
                {"type": "roles", "value": "A"},
                {"type": "roles", "value": "B"},
                {"type": "on", "value": "true"},
            ])
        );
    }
}
