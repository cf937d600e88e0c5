//! The rules: accounts, passwords, links, logins, challenges, sessions. No HTTP here.

mod account;
mod authenticator;
mod browser;
mod budget;
mod caller;
mod challenge;
mod confirmation;
mod device;
mod directory;
mod email;
mod error;
mod event;
mod factor;
mod fields;
#[cfg(test)]
mod fixture;
mod hashing;
mod known_browser;
mod link;
mod live;
mod locale;
mod lockout;
mod login;
mod me;
mod not_me;
mod notice;
mod password;
mod prune;
mod recovery;
mod refresh;
mod registration;
mod resend;
mod reset;
mod revocation;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod transaction;
mod user;
mod verification;
mod window;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sea_orm::DatabaseConnection;

use self::budget::TextBudgets;
use crate::clock::{Clock, Rate};
use crate::courier::{Courier, Templates};
use crate::metrics::Metrics;
use crate::otp::{Code, ProviderRegistry};
use crate::vault::Vault;

pub use crate::courier::{DeliveryState, DeliveryStatus, Language};
pub use crate::otp::{Offer, ProviderKind};
pub use caller::Caller;
pub use challenge::{ChallengeError, ChallengeId, ChallengeStatus, ChallengeView, RECOVERY_CODE, SendError};
pub use confirmation::ConfirmError;
pub use device::DeviceToken;
pub use directory::{Change, DirectoryError, ImportedPassword, NewUser, PreparedUser, UserSummary};
pub use email::EmailAddress;
pub use error::{Busy, FieldError, Unexpected};
pub use hashing::{HashPool, HashSettings, accepts};
pub use link::{LinkOrigins, LinkTarget, RefusedTarget};
pub use live::{Enabled, Live};
pub use locale::locale_among;
pub use login::{LoginAttempt, LoginError, LoginOutcome};
pub use me::{
    DeviceView, Edit, Enrolment, EventView, FactorView, Factors, MeError, PasswordChange, Profile,
    ProfileChange, RecoveryCodes, SessionView,
};
pub use not_me::{Disowned, NotMeError};
pub use password::Password;
pub use refresh::{RefreshError, RefreshToken, Refreshed};
pub use registration::{RegisterError, Registration};
pub use reset::{ForgotError, ResetError, ResetRequest};
pub use session::{Client, SessionKind, SessionLifetimes, SignIn};
pub use settings::{AccountSettings, PasswordRules, SameAddress, TwoStepSettings};
pub use verification::{Guess, GuessError, Verification, VerifyError};

/// What the rules need from the rest of the house.
pub struct AuthParts {
    /// Where everything is kept.
    pub db: DatabaseConnection,
    /// Keys.
    pub vault: Vault,
    /// Time.
    pub clock: Clock,
    /// Messages out.
    pub courier: Courier,
    /// Texts of notices and links.
    pub templates: Templates,
    /// The second step's providers.
    pub providers: ProviderRegistry,
    /// The threads that hash passwords.
    pub hashing: HashPool,
    /// `[accounts]`
    pub accounts: AccountSettings,
    /// `[two_step]`
    pub two_step: TwoStepSettings,
    /// `daily_budget` of the providers that send texts, by name.
    pub text_budgets: HashMap<String, Rate>,
    /// `[limits] mail_per_destination`; off when limits are off.
    pub mail_per_destination: Rate,
    /// Where links may point.
    pub origins: LinkOrigins,
    /// Life of sessions and their tokens: from `[tokens]`.
    pub sessions: SessionLifetimes,
    /// `[development] fixed_codes`
    pub fixed_codes: Vec<(EmailAddress, Code)>,
    /// `[events] keep`
    pub keep_events: Duration,
    /// What is counted.
    pub metrics: Metrics,
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<House>);

/// What every use case reaches. The parts that may change while the program runs sit behind a swap.
struct House {
    db: DatabaseConnection,
    vault: Vault,
    clock: Clock,
    courier: Courier,
    templates: ArcSwap<Templates>,
    providers: ArcSwap<ProviderRegistry>,
    hashing: HashPool,
    accounts: AccountSettings,
    two_step: ArcSwap<TwoStepSettings>,
    text_budgets: ArcSwap<TextBudgets>,
    mail_per_destination: ArcSwap<Rate>,
    origins: ArcSwap<LinkOrigins>,
    sessions: SessionLifetimes,
    fixed_codes: Vec<(EmailAddress, Code)>,
    keep_events: Duration,
    metrics: Metrics,
}

impl Auth {
    /// The rules over `parts`.
    #[must_use]
    pub fn new(parts: AuthParts) -> Self {
        Self(Arc::new(House {
            db: parts.db,
            vault: parts.vault,
            clock: parts.clock,
            courier: parts.courier,
            templates: ArcSwap::from_pointee(parts.templates),
            providers: ArcSwap::from_pointee(parts.providers),
            hashing: parts.hashing,
            accounts: parts.accounts,
            two_step: ArcSwap::from_pointee(parts.two_step),
            text_budgets: ArcSwap::from_pointee(TextBudgets::new(parts.text_budgets)),
            mail_per_destination: ArcSwap::from_pointee(parts.mail_per_destination),
            origins: ArcSwap::from_pointee(parts.origins),
            sessions: parts.sessions,
            fixed_codes: parts.fixed_codes,
            keep_events: parts.keep_events,
            metrics: parts.metrics,
        }))
    }
}
