//! What wraps every request: id, path, headers, CORS, access log; and who sent it.

mod class;
mod client;
mod cors;
mod headers;
mod origins;
mod path;
mod request_id;
mod shell;

pub(super) use client::client_of;
pub(super) use cors::cors;
pub(super) use headers::dress_page;
pub use origins::Origins;
pub(super) use request_id::RequestId;
pub(super) use shell::Shell;
