//! Whole flows over HTTP, against the very app that `serve` starts: database, relay and clock of its own for each test.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod budgets;
mod caller;
mod client_uri;
mod commands;
mod companies;
mod configuration;
mod confirmation;
mod cors;
mod doctor;
mod examples;
mod hashing;
mod history;
mod http;
mod instances;
mod languages;
mod limits;
mod lockout;
mod login;
mod mails;
mod malformed;
mod metrics;
mod migrations;
mod not_me;
mod openapi;
mod outages;
mod password_rules;
mod providers;
mod registration;
mod reload;
mod reset;
mod serve;
mod silence;
mod support;
mod texts;
mod timing;
mod toggling;
mod tokens;
mod v1;
mod verification;
