//! `twostep serve`

use std::path::Path;

use super::Failure;
use crate::settings::{self, Source};
use crate::startup::{self, logging};

pub(super) const EXAMPLE: &str = "\
Example:
  twostep serve --config /etc/twostep.toml";

pub(super) fn run(config: Option<&Path>) -> Result<(), Failure> {
    let source = Source::new(config, settings::environment()?);
    let settings = source.load()?;
    let log = logging::start(&settings.log);
    Ok(startup::block_on(startup::serve(settings, source, log.levels()))?)
}
