//! The members of a request: each is looked at, and everything that is wrong is told at once.

use serde_json::Value;

use crate::api::body::Members;
use crate::api::error::Problem;
use crate::auth::{Edit, FieldError};

/// A request's members, and what is wrong with those that were looked at.
pub(super) struct Form {
    members: Members,
    faults: Vec<FieldError>,
}

impl Form {
    pub(super) fn new(members: Members) -> Self {
        Self { members, faults: Vec::new() }
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, field: &'static str) -> String {
        let text = self.optional_text(field);
        if text.is_none() && !self.faults.iter().any(|fault| fault.field == field) {
            self.fault(field, "required", format!("{field} is required."));
        }
        text.unwrap_or_default()
    }

    /// A text that may be absent.
    pub(super) fn optional_text(&mut self, field: &'static str) -> Option<String> {
        match self.members.remove(field)? {
            Value::Null => None,
            // PostgreSQL cannot keep a NUL.
            Value::String(text) if text.contains('\0') => {
                self.fault(field, "invalid", format!("{field} must not hold a NUL character."));
                None
            }
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.fault(field, "invalid_type", format!("{field} must be a string."));
                None
            }
        }
    }

    /// What is to become of a text: absent, it stays; `null` clears it.
    pub(super) fn edit(&mut self, field: &'static str) -> Edit {
        if !self.members.contains_key(field) {
            return Edit::Keep;
        }
        self.optional_text(field).map_or(Edit::Clear, Edit::Set)
    }

    /// `true` or `false`, which must be there.
    pub(super) fn flag(&mut self, field: &'static str) -> bool {
        match self.members.remove(field) {
            Some(Value::Bool(flag)) => return flag,
            None | Some(Value::Null) => self.fault(field, "required", format!("{field} is required.")),
            Some(Value::String(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.fault(field, "invalid_type", format!("{field} must be true or false."));
            }
        }
        false
    }

    /// `true` or `false`; absent, it is false.
    pub(super) fn optional_flag(&mut self, field: &'static str) -> bool {
        let is_there = self.members.get(field).is_some_and(|value| !value.is_null());
        is_there && self.flag(field)
    }

    /// Nothing, or everything that was wrong.
    pub(super) fn check(&mut self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::Invalid(std::mem::take(&mut self.faults))) }
    }

    fn fault(&mut self, field: &'static str, code: &'static str, message: String) {
        self.faults.push(FieldError { field, code, message });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(members: Value) -> Form {
        let Value::Object(members) = members else { panic!("an object") };
        Form::new(members)
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let mut form = form(json!({"a": 1, "b": null, "c": "x\u{0}", "d": "fine", "e": ["x"]}));

        let d = form.text("d");
        for field in ["a", "b", "c", "missing"] {
            assert_eq!(form.text(field), "");
        }
        assert_eq!(form.optional_text("e"), None);

        assert_eq!(d, "fine");
        let Err(Problem::Invalid(faults)) = form.check() else { panic!("it is refused") };
        let told: Vec<_> = faults.iter().map(|fault| (fault.field, fault.code)).collect();
        assert_eq!(
            told,
            [
                ("a", "invalid_type"),
                ("b", "required"),
                ("c", "invalid"),
                ("missing", "required"),
                ("e", "invalid_type")
            ]
        );
    }

    #[test]
    fn what_may_be_absent_may_be_null() {
        let mut form = form(json!({"a": null}));

        assert_eq!((form.optional_text("a"), form.optional_text("b")), (None, None));
        assert!(form.check().is_ok());
    }
}
