//! Sign-ins: one row each.

use std::net::IpAddr;

use crate::token::Grant;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address, behind trusted proxies the last untrusted hop.
    pub address: IpAddr,
    /// Its `User-Agent`, cut to 255 bytes; may be empty.
    pub user_agent: String,
}

/// A completed sign-in.
pub struct SignIn {
    /// What the token says.
    pub grant: Grant,
    /// The new value of the known-browser cookie.
    pub known_browser: String,
}
