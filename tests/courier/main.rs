//! The courier against a real database and a real relay on a socket: what is queued arrives once, in time, or not at all.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod breaking;
mod carrying;
mod gateways;
mod house;
mod leases;
mod relay;
mod running;
#[path = "../api/support/smtp_sink.rs"]
mod smtp_sink;
mod swapping;
#[expect(dead_code, reason = "other test binaries compile this file too")]
#[path = "../api/support/text_vendor.rs"]
mod text_vendor;
mod texts;
mod vendors;
