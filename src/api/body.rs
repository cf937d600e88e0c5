//! Request bodies: how much is read, what is taken for JSON, and how its members are understood.

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::Payload;
use futures_util::StreamExt as _;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserializer, forward_to_deserialize_any};
use serde_json::{Map, Value};

/// Why a body is not taken; the text is for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyFault {
    /// `Content-Encoding` (RFC 9110 section 8.4): a small body could unpack to a huge one.
    #[error("Compressed requests are not accepted.")]
    Compressed,
    /// Another media type.
    #[error("The request must be JSON, with content-type application/json.")]
    NotJson,
    /// More than `body_limit` bytes.
    #[error("The request is too large.")]
    TooLarge,
    /// It ended early.
    #[error("The request ended early.")]
    Broken,
    /// A text has a NUL, which `PostgreSQL` cannot keep.
    #[error("The request is malformed.")]
    Nul,
    /// It is not JSON, not an object, has a member twice, or a member has the wrong type.
    #[error("The request is malformed.")]
    Malformed,
}

/// How much of an oversized body is read and thrown away, so that its sender gets to read the answer.
const DRAINED: usize = 4 * 1024 * 1024;

/// Reads a JSON object of at most `limit` bytes; how long that may take is for the caller to say. Names of members are matched ignoring case, as .NET does;
/// unknown ones are ignored.
pub(super) async fn read_json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<T, BodyFault> {
    let bytes = read(request, payload, limit).await?;
    if is_compressed(request) {
        return Err(BodyFault::Compressed);
    }
    if !is_json(request) {
        return Err(BodyFault::NotJson);
    }
    parse(&bytes)
}

/// The members of a JSON object under their exact names; one that is `null` counts as absent.
pub(super) type Members = Map<String, Value>;

/// Reads a JSON object of at most `limit` bytes as its members; what they are is for the caller to look at.
pub(super) async fn read_members(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Members, BodyFault> {
    let bytes = read(request, payload, limit).await?;
    take_members(request, &bytes)
}

fn take_members(request: &HttpRequest, bytes: &[u8]) -> Result<Members, BodyFault> {
    if is_compressed(request) {
        return Err(BodyFault::Compressed);
    }
    if !is_json(request) {
        return Err(BodyFault::NotJson);
    }
    members(bytes, Names::Exact)
}

/// [`read_members`]; no body at all, and nothing said of its type, is an object without members.
pub(super) async fn read_optional_members(
    request: &HttpRequest,
    payload: Payload,
    limit: usize,
) -> Result<Members, BodyFault> {
    let bytes = read(request, payload, limit).await?;
    if bytes.is_empty() && !request.headers().contains_key(CONTENT_TYPE) {
        return Ok(Members::new());
    }
    take_members(request, &bytes)
}

async fn read(request: &HttpRequest, mut payload: Payload, limit: usize) -> Result<Vec<u8>, BodyFault> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or(0);
    if announced > DRAINED {
        return Err(BodyFault::TooLarge);
    }
    let mut bytes = Vec::with_capacity(announced.min(limit));
    let mut total = 0usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| BodyFault::Broken)?;
        total = total.saturating_add(chunk.len());
        if total > DRAINED {
            return Err(BodyFault::TooLarge);
        }
        if total <= limit {
            bytes.extend_from_slice(&chunk);
        }
    }
    if total > limit { Err(BodyFault::TooLarge) } else { Ok(bytes) }
}

fn is_compressed(request: &HttpRequest) -> bool {
    request
        .headers()
        .get_all(CONTENT_ENCODING)
        .any(|encoding| !encoding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"))
}

fn is_json(request: &HttpRequest) -> bool {
    let Some(Ok(media_type)) = request.headers().get(CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyFault> {
    let members = members(bytes, Names::IgnoreCase)?;
    if members.values().any(|value| value.as_str().is_some_and(|text| text.contains('\0'))) {
        return Err(BodyFault::Nul);
    }
    T::deserialize(Spelt(members)).map_err(|_| BodyFault::Malformed)
}

/// Members under small letters, which a struct gets under the names of its own fields.
struct Spelt(Members);

impl<'de> Deserializer<'de> for Spelt {
    type Error = serde_json::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let mut take = |field: &&'static str| Some((*field, self.0.remove(&field.to_ascii_lowercase())?));
        visitor.visit_map(MapDeserializer::new(fields.iter().filter_map(&mut take)))
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_map(MapDeserializer::new(self.0.into_iter()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// How names of members are understood.
#[derive(Clone, Copy)]
enum Names {
    Exact,
    /// As small letters.
    IgnoreCase,
}

fn members(bytes: &[u8], names: Names) -> Result<Members, BodyFault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let members = json.deserialize_map(Collect(names)).map_err(|_| BodyFault::Malformed)?;
    json.end().map_err(|_| BodyFault::Malformed)?;
    Ok(members)
}

/// Collects an object's members. A name that comes twice is an error.
struct Collect(Names);

impl<'de> Visitor<'de> for Collect {
    type Value = Members;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = source.next_entry::<String, Value>()? {
            let name = match self.0 {
                Names::Exact => name,
                Names::IgnoreCase => name.to_ascii_lowercase(),
            };
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member twice"));
            }
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::ContentType;
    use actix_web::test::TestRequest;
    use actix_web::{FromRequest as _, web::Bytes};

    use super::*;

    #[derive(Debug, serde::Deserialize, PartialEq)]
    struct Form {
        #[serde(rename = "clientURI")]
        client_uri: Option<String>,
        email: Option<String>,
    }

    fn form(client_uri: Option<&str>, email: Option<&str>) -> Form {
        Form { client_uri: client_uri.map(str::to_owned), email: email.map(str::to_owned) }
    }

    #[test]
    fn members_are_found_whatever_their_case() {
        for name in ["clientURI", "clientUri", "ClientURI", "CLIENTURI"] {
            let body = format!(r#"{{"{name}":"a","more":[1,{{"x":null}}]}}"#);
            assert_eq!(parse::<Form>(body.as_bytes()).unwrap(), form(Some("a"), None));
        }
    }

    #[test]
    fn a_byte_order_mark_and_null_are_tolerated() {
        let body = "\u{feff}{\"email\":null}";

        assert_eq!(parse::<Form>(body.as_bytes()).unwrap(), form(None, None));
    }

    #[test]
    fn nonsense_is_malformed_and_never_more_than_that() {
        let deep = format!(r#"{{"email":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
        let bodies: [&[u8]; 15] = [
            b"",
            b"null",
            b"[]",
            b"\"text\"",
            b"{",
            b"{} {}",
            br#"{"email":1}"#,
            br#"{"email":["a"]}"#,
            br#"{"email":{"a":1}}"#,
            br#"{"email":"a","email":"b"}"#,
            br#"{"email":"a","EMAIL":"b"}"#,
            br#"{"email":"\ud800"}"#,
            br#"{"other":1e999}"#,
            b"{\"email\":\"\xff\"}",
            deep.as_bytes(),
        ];
        for body in bodies {
            assert_eq!(parse::<Form>(body), Err(BodyFault::Malformed), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_nul_is_refused_whether_or_not_it_is_escaped() {
        assert_eq!(parse::<Form>(br#"{"email":"a\u0000b"}"#), Err(BodyFault::Nul));
        assert_eq!(parse::<Form>(b"{\"email\":\"a\0b\"}"), Err(BodyFault::Malformed));
    }

    async fn send(request: TestRequest) -> Result<Form, BodyFault> {
        let (request, mut payload) = request.to_http_parts();
        let payload = Payload::from_request(&request, &mut payload).await.unwrap();
        read_json(&request, payload, 64).await
    }

    #[actix_web::test]
    async fn a_body_must_call_itself_json() {
        let body = r#"{"email":"a"}"#;
        for media_type in
            ["application/json", "Application/JSON; charset=utf-8", "text/json", "application/x+json"]
        {
            let request = TestRequest::post().insert_header(("content-type", media_type)).set_payload(body);
            assert!(send(request).await.is_ok(), "{media_type}");
        }
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            let request = TestRequest::post().insert_header(("content-type", media_type)).set_payload(body);
            assert_eq!(send(request).await, Err(BodyFault::NotJson), "{media_type}");
        }
        assert_eq!(send(TestRequest::post().set_payload(body)).await, Err(BodyFault::NotJson));
    }

    #[actix_web::test]
    async fn a_compressed_body_is_refused() {
        let request = TestRequest::post().insert_header(ContentType::json()).set_payload(r#"{"email":"a"}"#);
        let request = request.insert_header(("content-encoding", "gzip"));

        assert_eq!(send(request).await, Err(BodyFault::Compressed));
    }

    #[actix_web::test]
    async fn a_body_over_the_limit_is_refused() {
        let body = |length: usize| Bytes::from(format!(r#"{{"email":"{}"}}"#, "a".repeat(length - 12)));
        let send = |body| send(TestRequest::post().insert_header(ContentType::json()).set_payload(body));

        assert!(send(body(64)).await.is_ok());
        assert_eq!(send(body(65)).await, Err(BodyFault::TooLarge));
        assert_eq!(send(body(DRAINED + 1)).await, Err(BodyFault::TooLarge));
    }
}
