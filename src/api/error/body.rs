//! The body of a problem (RFC 9457).

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::FieldError;

/// Why a request got no ordinary answer (RFC 9457). `code` is stable, and what to match.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(in crate::api) struct ProblemBody {
    /// Always `about:blank`: the problem is told by its code.
    pub(super) r#type: &'static str,
    /// The status in words.
    pub(super) title: &'static str,
    /// The status again.
    pub(super) status: u16,
    /// What is wrong, in a sentence for developers.
    pub(super) detail: &'static str,
    /// What is wrong, in a word that does not change.
    pub(super) code: &'static str,
    /// Seconds to wait, as in `Retry-After`; where waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) retry_after: Option<u64>,
    /// Guesses that are still judged; with `invalid_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) attempts_left: Option<u32>,
    /// Why the code may be wrong; with `invalid_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) hint: Option<Hint>,
    /// Everything that is wrong with the members; with `validation_failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) errors: Option<Vec<FieldBody>>,
}

/// Why a code may be wrong.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProblemHint)]
pub(super) enum Hint {
    /// It is one of the authenticator at another time.
    ClockSkew,
}

/// What is wrong with a member of the body, or with a parameter.
#[derive(Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(super) struct FieldBody {
    /// Its name.
    field: &'static str,
    /// What is wrong, in a word that does not change: `required`, `invalid_type`, `invalid` and others.
    code: &'static str,
    /// What is wrong, in a sentence.
    message: String,
}

impl From<&FieldError> for FieldBody {
    fn from(fault: &FieldError) -> Self {
        Self { field: fault.field, code: fault.code, message: fault.message.clone() }
    }
}
