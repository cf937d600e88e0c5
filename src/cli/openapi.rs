//! `twostep openapi`

use super::{Failure, output};
use crate::startup;

pub(super) const EXAMPLE: &str = "\
Needs neither configuration nor database. A running server has the same at /api/openapi.json.

Example:
  twostep openapi > openapi.json";

pub(super) fn run() -> Result<(), Failure> {
    Ok(output::print_json(&startup::openapi())?)
}
