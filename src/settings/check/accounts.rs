//! Checks of `[accounts]` and `[two_step]`.

use secrecy::ExposeSecret as _;

use super::super::{Settings, draft::Draft};
use crate::auth::EmailAddress;

pub(super) fn check(settings: &Settings, draft: &mut Draft) {
    let accounts = &settings.accounts;
    let role = &accounts.default_role;
    if role.trim().is_empty() || role.trim() != role || role.len() > 64 || role.contains(char::is_control) {
        draft.refuse("accounts.default_role", format!("expected a name of 1 to 64 bytes, got {role:?}"));
    }
    // RFC 9106 section 3.1: at least 8 KiB per lane.
    let least = accounts.argon2_parallelism.saturating_mul(8);
    if accounts.argon2_memory_kib < least {
        let lanes = accounts.argon2_parallelism;
        draft.refuse("accounts.argon2_memory_kib", format!("expected at least {least} for {lanes} lanes"));
    }
    let default = &settings.two_step.default_provider;
    let mut names = settings.providers.0.iter().map(|(name, _)| name.as_str());
    if !names.any(|name| name == default) {
        let names: Vec<&str> = settings.providers.0.iter().map(|(name, _)| name.as_str()).collect();
        let expected = format!("expected one of {}, got {default:?}", names.join(", "));
        draft.refuse("two_step.default_provider", expected);
    }
    check_fixed_codes(settings, draft);
}

fn check_fixed_codes(settings: &Settings, draft: &mut Draft) {
    let length = settings.two_step.code_length;
    for (address, code) in &settings.development.fixed_codes {
        let code = code.expose_secret();
        if EmailAddress::parse(address).is_err() {
            draft.refuse("development.fixed_codes", format!("expected mail addresses, got {address:?}"));
        }
        if code.len() != length || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            draft.refuse("development.fixed_codes", format!("expected codes of {length} digits"));
        }
    }
}
