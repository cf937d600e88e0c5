//! What the rules, the body and the token answer, as the full API tells it.

use actix_web::http::StatusCode;

use super::problem::Problem;
use crate::api::body::BodyFault;
use crate::api::call::Limited;
use crate::api::current_user::Denied;
use crate::api::work::Unfinished;
use crate::auth::{
    Busy, ChallengeError, ConfirmError, ForgotError, GuessError, LoginError, MeError, NotMeError,
    RefreshError, RegisterError, ResetError, SendError, Unexpected,
};
use crate::token::KeyError;

impl From<Limited> for Problem {
    fn from(Limited(wait): Limited) -> Self {
        Self::Limited(wait)
    }
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        Self::Busy(busy.retry_after)
    }
}

impl From<Unexpected> for Problem {
    fn from(fault: Unexpected) -> Self {
        Self::Fault(fault.0)
    }
}

impl From<KeyError> for Problem {
    fn from(fault: KeyError) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<Unfinished> for Problem {
    fn from(unfinished: Unfinished) -> Self {
        match unfinished {
            Unfinished::NoRoom | Unfinished::Late => Self::Busy(super::article::AFTER_A_FAULT),
            Unfinished::Panicked => Self::Fault(unfinished.into()),
        }
    }
}

impl From<NotMeError> for Problem {
    fn from(error: NotMeError) -> Self {
        match error {
            NotMeError::InvalidLink => Self::NotFound,
            NotMeError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unavailable => Self::Busy(super::article::AFTER_A_FAULT),
            Denied::NoToken | Denied::InvalidToken | Denied::Forbidden => Self::Unauthorized(denied),
        }
    }
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::Compressed | BodyFault::NotJson => Self::UnsupportedMediaType,
            BodyFault::TooLarge => Self::TooLarge,
            BodyFault::Broken | BodyFault::Nul | BodyFault::Malformed => Self::Malformed,
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::InvalidCredentials => Self::InvalidCredentials,
            LoginError::EmailNotConfirmed => Self::EmailNotConfirmed,
            LoginError::NoValidProvider => Self::NoValidProvider,
            LoginError::TooManyCodes(busy) => Self::TooManySends(busy.retry_after),
            // This face sends no clientURI.
            LoginError::RefusedTarget => Self::Malformed,
            LoginError::Busy(busy) => busy.into(),
            LoginError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<ChallengeError> for Problem {
    fn from(error: ChallengeError) -> Self {
        match error {
            ChallengeError::NotFound => Self::NotFound,
            ChallengeError::Busy(busy) => busy.into(),
            ChallengeError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotFound => Self::NotFound,
            SendError::Closed => Self::ChallengeClosed,
            SendError::InvalidProvider => Self::InvalidProvider,
            SendError::TooSoon(busy) => Self::ResendTooSoon(busy.retry_after),
            SendError::TooManySends(busy) => Self::TooManySends(busy.retry_after),
            SendError::Busy(busy) => busy.into(),
            SendError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<GuessError> for Problem {
    fn from(error: GuessError) -> Self {
        match error {
            GuessError::NotFound => Self::NotFound,
            GuessError::Malformed(fault) => Self::Invalid(vec![fault]),
            GuessError::InvalidProvider | GuessError::FactorDisabled => Self::InvalidProvider,
            GuessError::Wrong { attempts_left, is_near } => {
                Self::InvalidCode { attempts_left, is_near, status: StatusCode::UNAUTHORIZED }
            }
            GuessError::Closed => Self::ChallengeClosed,
            GuessError::Spent(busy) => Self::TooManyAttempts(busy.retry_after),
            GuessError::Busy(busy) => busy.into(),
            GuessError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid(faults) => Self::Invalid(faults),
            // This face sends no clientURI.
            RegisterError::RefusedTarget => Self::Malformed,
            RegisterError::Busy(busy) => busy.into(),
            RegisterError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<ConfirmError> for Problem {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::InvalidLink => Self::InvalidToken,
            ConfirmError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<ForgotError> for Problem {
    fn from(error: ForgotError) -> Self {
        match error {
            ForgotError::Invalid(faults) => Self::Invalid(faults),
            // This face sends no clientURI.
            ForgotError::RefusedTarget => Self::Malformed,
            ForgotError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<ResetError> for Problem {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::InvalidLink => Self::InvalidToken,
            ResetError::Invalid(faults) => Self::Invalid(faults),
            ResetError::Busy(busy) => busy.into(),
            ResetError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Invalid => Self::InvalidRefreshToken,
            RefreshError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<MeError> for Problem {
    fn from(error: MeError) -> Self {
        match error {
            MeError::Gone => Self::Unauthorized(Denied::InvalidToken),
            MeError::ReauthenticationRequired => Self::ReauthenticationRequired,
            MeError::NoValidProvider => Self::NoValidProvider,
            MeError::InvalidProvider => Self::InvalidProvider,
            MeError::Invalid(faults) => Self::Invalid(faults),
            MeError::WrongCode { attempts_left, is_near } => {
                Self::InvalidCode { attempts_left, is_near, status: StatusCode::UNPROCESSABLE_ENTITY }
            }
            MeError::Closed => Self::ChallengeClosed,
            MeError::TooSoon(busy) => Self::ResendTooSoon(busy.retry_after),
            MeError::TooManySends(busy) => Self::TooManySends(busy.retry_after),
            MeError::NotFound => Self::NotFound,
            MeError::Busy(busy) => busy.into(),
            MeError::Unexpected(fault) => fault.into(),
        }
    }
}
