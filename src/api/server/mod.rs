//! What wraps every request: id, path, headers, CORS, access log; and who sent it.

mod client;
mod cors;
mod headers;
mod path;
mod request_id;
mod shell;

pub(super) use client::client_of;
pub(super) use cors::cors;
pub(super) use headers::dress_page;
pub(super) use request_id::RequestId;
pub(super) use shell::Shell;
