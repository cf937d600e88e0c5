//! The outermost layer of the app: every answer passes it, whatever made it.

use std::rc::Rc;
use std::time::Instant;

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::http::{Method, StatusCode};
use log::Level;

use super::headers;
use super::path::normalise;
use super::request_id::{self, RequestId};
use crate::api::ServerSettings;

/// Gives a request its id and its normal path, and an answer its headers and its line in the log. Cheap to clone.
#[derive(Clone)]
pub(in crate::api) struct Shell {
    https: bool,
}

/// What is kept of a request until its answer is there.
struct Seen {
    id: RequestId,
    method: Method,
    path: Rc<str>,
    start: Instant,
    https: bool,
}

impl Shell {
    /// The layer for a server with these settings.
    pub(in crate::api) fn new(settings: &ServerSettings) -> Self {
        Self { https: settings.public_url.scheme() == "https" }
    }

    /// Hands `request` to `next`, and dresses the answer.
    pub(in crate::api) fn around<S, B>(
        &self,
        mut request: ServiceRequest,
        next: &S,
    ) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
    where
        S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    {
        normalise(&mut request);
        let seen = Seen {
            id: RequestId::assign(&request),
            method: request.method().clone(),
            path: request.path().into(),
            start: Instant::now(),
            https: self.https,
        };
        let answer = next.call(request);
        async move {
            match answer.await {
                Ok(mut answer) => {
                    seen.log(answer.status());
                    seen.dress(answer.headers_mut());
                    Ok(answer)
                }
                Err(mut error) => {
                    seen.log(error.as_response_error().status_code());
                    error.add_response_mapper(move |mut answer| {
                        seen.dress(answer.headers_mut());
                        answer
                    });
                    Err(error)
                }
            }
        }
    }
}

impl Seen {
    fn dress(&self, headers: &mut HeaderMap) {
        let no_store = self.path.starts_with("/api") || self.path.starts_with("/dev");
        headers::dress(headers, no_store, self.https);
        headers.insert(HeaderName::from_static(request_id::NAME), self.id.value());
    }

    /// One line. Never the query: it may hold a token.
    fn log(&self, status: StatusCode) {
        let level = level(&self.method, status);
        if log::log_enabled!(target: "twostep::access", level) {
            log::log!(
                target: "twostep::access", level,
                method:% = self.method, path:% = self.path, status = status.as_u16(),
                ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX),
                request_id:% = self.id;
                "request"
            );
        }
    }
}

/// Reading is frequent and changes nothing: it is told at debug level, unless it failed.
fn level(method: &Method, status: StatusCode) -> Level {
    if method.is_safe() && !status.is_client_error() && !status.is_server_error() {
        Level::Debug
    } else {
        Level::Info
    }
}
