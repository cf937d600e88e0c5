//! What the tests are written with.

mod answer;
mod app;
mod client;
pub(crate) mod document;
mod engine;
pub(crate) mod jwt;
mod mail;
mod process;
pub(crate) mod raw;
#[expect(dead_code, reason = "other test binaries compile this file too")]
pub(crate) mod smtp_sink;
#[expect(dead_code, reason = "other test binaries compile this file too")]
pub(crate) mod text_vendor;

pub(crate) use answer::Answer;
pub(crate) use app::{Builder, TestApp, eventually, new_user, variable};
pub(crate) use client::{Client, Link, install_crypto, registration};
pub(crate) use engine::{Engine, TestDatabase, on_every_engine};
pub(crate) use mail::{CODE, CONFIRMATION, LOCKED, RESET, digit_lines, wrong};
pub(crate) use process::{Installation, Outcome, Server, listening_address};
pub(crate) use smtp_sink::{Behaviour, SmtpSink, SunkMail as Mail};

/// The password of the tests' users: sound under both sets of rules.
pub(crate) const PASSWORD: &str = "Correct-Horse-7";
/// Another one.
pub(crate) const NEW_PASSWORD: &str = "Battery_Staple-8";
/// A page of the article's client, on an allowed origin.
pub(crate) const CLIENT_URI: &str = "http://localhost:4200/authentication/page";
/// The answer to every wrong password.
pub(crate) const INVALID: &str = "Invalid Authentication";
/// The answer to every wrong code.
pub(crate) const INVALID_CODE: &str = "Invalid Token Verification";
/// The answer to every code after the last judged one.
pub(crate) const SPENT: &str = "Too many attempts. Request a new code.";
