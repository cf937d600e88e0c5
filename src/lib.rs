//! twostep: a login server with a second step.

pub mod api;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod courier;
pub mod limits;
pub mod metrics;
pub mod otp;
pub mod settings;
pub mod startup;
pub mod token;
pub mod vault;
