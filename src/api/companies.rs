//! The article's protected resource: two companies, and a look at one's own claims for administrators.

use actix_web::dev::HttpServiceFactory;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, http::header::ContentType};
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Company {
    id: &'static str,
    name: &'static str,
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

#[derive(Serialize)]
struct Claim<'a, V: Serialize> {
    r#type: &'a str,
    value: V,
}

impl Serialize for ClaimList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut add = |r#type: &str, value: &Value| match value {
            Value::String(value) => list.serialize_element(&Claim { r#type, value }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                list.serialize_element(&Claim { r#type, value: value.to_string() })
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
