//! The rows of the database, one module a table. Instants are epoch milliseconds.

pub mod authenticator;
pub mod challenge;
pub mod challenge_code;
pub mod event;
pub mod factor;
pub mod link;
pub mod lockout;
pub mod message;
pub mod recovery_code;
pub mod refresh_token;
pub mod session;
pub mod signing_key;
pub mod text_budget;
pub mod trusted_device;
pub mod user;
pub mod window;
