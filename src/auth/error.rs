//! What the use cases' errors are made of.

use std::time::Duration;

use super::{ChallengeError, GuessError, LoginError, SendError, VerifyError};
use crate::otp::ProviderError;

/// How long a client is asked to wait when nothing better is known.
pub(super) const BUSY_FOR: Duration = Duration::from_secs(1);

/// Overload, or a dependency is away: try again after this long (503 + `Retry-After`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("busy, try again in {} s", .retry_after.as_secs())]
pub struct Busy {
    /// How long to wait.
    pub retry_after: Duration,
}

/// A fault that nobody asked for; the text is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Unexpected(#[from] pub anyhow::Error);

impl From<sea_orm::DbErr> for Unexpected {
    fn from(error: sea_orm::DbErr) -> Self {
        Self(error.into())
    }
}

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// camelCase name of the field.
    pub field: &'static str,
    /// Stable `snake_case` code.
    pub code: &'static str,
    /// What the article's client prints.
    pub message: String,
}

/// No answer now, or a fault: what every use case may meet on its way.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// Overload, or a dependency is away.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// A fault.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl From<sea_orm::DbErr> for Trouble {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Unexpected(error.into())
    }
}

impl From<ProviderError> for Trouble {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Busy(_) => Self::Busy(Busy { retry_after: BUSY_FOR }),
            ProviderError::Unsupported(_) | ProviderError::Failed(..) => {
                Self::Unexpected(Unexpected(error.into()))
            }
        }
    }
}

/// The use cases' errors have both under the same names.
macro_rules! may_meet_trouble {
    ($($error:ty),+ $(,)?) => {$(
        impl From<Trouble> for $error {
            fn from(trouble: Trouble) -> Self {
                match trouble {
                    Trouble::Busy(busy) => Self::Busy(busy),
                    Trouble::Unexpected(fault) => Self::Unexpected(fault),
                }
            }
        }

        impl From<ProviderError> for $error {
            fn from(error: ProviderError) -> Self {
                Trouble::from(error).into()
            }
        }
    )+};
}

may_meet_trouble!(LoginError, ChallengeError, SendError, VerifyError, GuessError);
