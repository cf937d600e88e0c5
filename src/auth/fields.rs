//! What is said of single members that are not what they should be, wherever they come.

use super::FieldError;
use crate::otp::PhoneFault;

/// Characters of a first or last name.
const LONGEST_NAME: usize = 100;

/// What is wrong with a person's names.
pub(super) fn name_faults(first: &str, last: &str) -> Vec<FieldError> {
    let names = [("firstName", "First name", first), ("lastName", "Last name", last)];
    let is_wrong = |name: &str| name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control);
    let fault = |(field, label, _): (&'static str, &str, &str)| {
        let message =
            format!("{label} must be at most {LONGEST_NAME} characters without control characters.");
        FieldError { field, code: "invalid", message }
    };
    names.into_iter().filter(|(_, _, name)| is_wrong(name)).map(fault).collect()
}

/// What is said of a number that is none.
pub(super) fn phone_fault(fault: PhoneFault) -> FieldError {
    let code = match fault {
        PhoneFault::Invalid => "invalid",
        PhoneFault::Premium => "not_allowed",
    };
    FieldError { field: "phoneNumber", code, message: fault.to_string() }
}
