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
mod confirmation;
mod login;
mod registration;
mod support;
mod verification;
