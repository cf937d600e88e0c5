//! Whole flows over HTTP, against the very app that `serve` starts: database, relay and clock of its own for each test.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::wildcard_imports,
    reason = "a test fails by panicking"
)]

mod budgets;
mod caller;
mod client_uri;
mod confirmation;
mod cors;
mod http;
mod limits;
mod lockout;
mod login;
mod malformed;
mod password_rules;
mod registration;
mod reset;
mod support;
mod tokens;
mod verification;
