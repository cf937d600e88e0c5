//! Access tokens: claims, signing keys, JWKS.

mod claims;
mod key;
mod keys;
mod payload;
mod ring;
mod settings;
mod tokens;
mod watch;

pub use claims::{AccessToken, Claims, Grant, Method, Rejected};
pub use keys::{KeyError, KeySummary};
pub use settings::{Algorithm, TokenSettings};
pub use tokens::Tokens;
