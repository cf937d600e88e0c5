//! What the templates of a code message may name.

use serde::Serialize;

use super::{Account, Code, CodeContext};

/// The variables of `email/code.*` and `sms/code.txt`. It holds the code: no `Debug`.
#[derive(Serialize)]
pub(super) struct Wording<'a> {
    name: &'a str,
    code: &'a str,
    purpose: &'static str,
    minutes: u64,
    client_address: &'a str,
    host: &'a str,
}

impl<'a> Wording<'a> {
    /// `host` is the one of `public_url`.
    pub(super) fn new(account: &'a Account, code: &'a Code, context: &'a CodeContext, host: &'a str) -> Self {
        Self {
            name: &account.name,
            code: code.expose(),
            purpose: context.purpose.as_str(),
            minutes: context.minutes,
            client_address: &context.client_address,
            host,
        }
    }
}
