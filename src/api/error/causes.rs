//! What the rules, the body and the token answer, as one of the six routes tells it.

use super::article::{AFTER_A_FAULT, Refusal};
use crate::api::body::BodyFault;
use crate::api::call::Limited;
use crate::api::work::Unfinished;
use crate::auth::{
    Busy, ConfirmError, FieldError, ForgotError, LoginError, RegisterError, ResetError, Unexpected,
    VerifyError,
};
use crate::token::KeyError;

impl From<Limited> for Refusal {
    fn from(Limited(wait): Limited) -> Self {
        Self::Limited(wait)
    }
}

impl From<Busy> for Refusal {
    fn from(busy: Busy) -> Self {
        Self::Busy(busy.retry_after)
    }
}

impl From<Unexpected> for Refusal {
    fn from(fault: Unexpected) -> Self {
        Self::Fault(fault.0)
    }
}

impl From<KeyError> for Refusal {
    fn from(fault: KeyError) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<Unfinished> for Refusal {
    fn from(unfinished: Unfinished) -> Self {
        match unfinished {
            Unfinished::NoRoom | Unfinished::Late => Self::Busy(AFTER_A_FAULT),
            Unfinished::Panicked => Self::Fault(unfinished.into()),
        }
    }
}

impl From<BodyFault> for Refusal {
    fn from(fault: BodyFault) -> Self {
        Self::Malformed(vec![fault.to_string()])
    }
}

impl From<LoginError> for Refusal {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::InvalidCredentials => Self::denied("Invalid Authentication"),
            LoginError::EmailNotConfirmed => Self::denied("Email is not confirmed"),
            LoginError::NoValidProvider => Self::denied("Invalid 2-Step Verification Provider."),
            LoginError::TooManyCodes(busy) => {
                Self::Exhausted("Too many codes were sent. Try again later.", busy.retry_after)
            }
            LoginError::RefusedTarget => Self::refused_target(),
            LoginError::Busy(busy) => busy.into(),
            LoginError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<VerifyError> for Refusal {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Invalid => Self::denied("Invalid Token Verification"),
            VerifyError::Spent => Self::denied("Too many attempts. Request a new code."),
            VerifyError::Busy(busy) => busy.into(),
            VerifyError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<RegisterError> for Refusal {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid(faults) => Self::Denied(messages(faults)),
            RegisterError::RefusedTarget => Self::refused_target(),
            RegisterError::Busy(busy) => busy.into(),
            RegisterError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<ConfirmError> for Refusal {
    fn from(error: ConfirmError) -> Self {
        match error {
            ConfirmError::InvalidLink => Self::denied("Invalid Email Confirmation Request"),
            ConfirmError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<ForgotError> for Refusal {
    fn from(error: ForgotError) -> Self {
        match error {
            ForgotError::Invalid(faults) => Self::Malformed(messages(faults)),
            ForgotError::RefusedTarget => Self::refused_target(),
            ForgotError::Unexpected(fault) => fault.into(),
        }
    }
}

impl From<ResetError> for Refusal {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::InvalidLink => Self::denied("Invalid token."),
            ResetError::Invalid(faults) => Self::Denied(messages(faults)),
            ResetError::Busy(busy) => busy.into(),
            ResetError::Unexpected(fault) => fault.into(),
        }
    }
}

fn messages(faults: Vec<FieldError>) -> Vec<String> {
    faults.into_iter().map(|fault| fault.message).collect()
}
