//! The sections `[accounts]` and `[two_step]`.

use serde::Deserialize;

use crate::clock::{OptionalSpan, Rate, Span};

/// Which passwords are refused besides short and common ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordRules {
    /// NIST SP 800-63B-4 section 3.1.1.2: no rules of composition.
    Length,
    /// The article's: upper case, lower case, non-alphanumeric.
    Classes,
}

/// Who may verify without a challenge id or cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameAddress {
    /// The address that logged in.
    Exact,
    /// Its IPv4 /24 or IPv6 /64.
    Prefix,
    /// Nobody.
    Off,
}

/// `[accounts]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSettings {
    /// Whether a login needs a confirmed address.
    pub require_confirmed_email: bool,
    /// Whether new users have the second step on.
    pub two_factor_for_new_users: bool,
    /// The role of new users.
    pub default_role: String,
    /// Shortest password, in characters after NFKC.
    pub password_min_length: usize,
    /// Rules of composition.
    pub password_rules: PasswordRules,
    /// Life of a mailed link.
    pub link_lifetime: Span,
    /// Wrong passwords in a row until the lock.
    pub lockout_attempts: u32,
    /// Length of a lock.
    pub lockout_duration: Span,
    /// Who may verify without a challenge id.
    pub same_address: SameAddress,
    /// Argon2 memory, KiB.
    pub argon2_memory_kib: u32,
    /// Argon2 passes.
    pub argon2_iterations: u32,
    /// Argon2 lanes.
    pub argon2_parallelism: u32,
    /// Hashing threads; 0: one per core.
    pub hash_threads: usize,
    /// Password checks that may wait.
    pub hash_queue: usize,
}

/// `[two_step]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoStepSettings {
    /// Digits of a code.
    pub code_length: usize,
    /// Life of a challenge and its codes.
    pub code_lifetime: Span,
    /// Judged guesses per challenge.
    pub max_attempts: u32,
    /// Wrong codes per account, all challenges together.
    pub account_attempts: Rate,
    /// Wrong codes in a row until a factor is disabled.
    pub account_attempts_total: u32,
    /// Time between two sends of a challenge.
    pub resend_after: Span,
    /// Messages per challenge.
    pub max_sends: u32,
    /// Messages per address or number.
    pub destination_sends: Rate,
    /// The provider of users who prefer none.
    pub default_provider: String,
    /// How long a remembered device skips the second step.
    pub remember_device: OptionalSpan,
}
