//! The general table: problem+json (RFC 9457).

use std::fmt;

use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use serde::Serialize;

/// Why a request gets no ordinary answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum Problem {
    /// There is nothing at this path.
    NotFound,
    /// There is, but not for this method.
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: &'static str,
    },
}

#[derive(Serialize)]
struct Body {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'static str,
    code: &'static str,
}

impl Problem {
    /// The table: status, code, title, detail.
    fn row(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "not_found", "Not Found", "There is nothing at this path.")
            }
            Self::MethodNotAllowed { .. } => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method Not Allowed",
                "This path does not take this method; see the Allow header.",
            ),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().1)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.row().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, title, detail) = self.row();
        let body = Body { r#type: "about:blank", title, status: status.as_u16(), detail, code };
        let mut answer = HttpResponse::build(status);
        answer.insert_header((CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
        match self {
            Self::MethodNotAllowed { allow } => {
                answer.insert_header((ALLOW, HeaderValue::from_static(allow)));
            }
            Self::NotFound => {}
        }
        answer.json(body)
    }
}

impl Responder for Problem {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}

/// The answer to a method that a resource has no route for: OPTIONS tells the methods, any other is a problem.
pub(in crate::api) fn other_method(method: &Method, allow: &'static str) -> HttpResponse {
    if *method == Method::OPTIONS {
        HttpResponse::NoContent().insert_header((ALLOW, HeaderValue::from_static(allow))).finish()
    } else {
        Problem::MethodNotAllowed { allow }.error_response()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn a_problem_has_the_five_members_and_its_media_type() {
        let answer = Problem::NotFound.error_response();

        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), "application/problem+json");
        let body: serde_json::Value =
            serde_json::from_slice(&to_bytes(answer.into_body()).await.unwrap()).unwrap();
        let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["type", "title", "status", "detail", "code"]);
        assert_eq!(body["status"], 404);
        assert_eq!(body["code"], "not_found");
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let refused = other_method(&Method::DELETE, "GET, HEAD");
        let asked = other_method(&Method::OPTIONS, "POST");

        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.headers().get(ALLOW).unwrap(), "GET, HEAD");
        assert_eq!(asked.status(), StatusCode::NO_CONTENT);
        assert_eq!(asked.headers().get(ALLOW).unwrap(), "POST");
    }
}
