//! `twostep serve`

use std::path::Path;

use super::Failure;
use crate::startup::{self, logging};

pub(super) const EXAMPLE: &str = "\
Example:
  twostep serve --config /etc/twostep.toml";

pub(super) fn run(config: Option<&Path>) -> Result<(), Failure> {
    let settings = super::load(config)?;
    let _written_at_the_end = logging::start(&settings.log);
    Ok(startup::block_on(startup::serve(settings))?)
}
