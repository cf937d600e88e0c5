//! `twostep config …`

use std::io::Write as _;
use std::path::Path;

use clap::Subcommand;

use super::{Failure, load, output};

pub(super) const EXAMPLE: &str = "\
Example:
  twostep config check --config /etc/twostep.toml";

const CHECK_EXAMPLE: &str = "\
Every fault is told on stderr, a line each; the exit code is 2 then.

Example:
  twostep config check --config /etc/twostep.toml --json";

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check the configuration, and print what is in effect, secrets masked
    #[command(after_help = CHECK_EXAMPLE)]
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<(), Failure> {
        let Self::Check { json } = self;
        let settings = load(config)?;
        if *json {
            return Ok(output::print_json(&settings.masked_json())?);
        }
        let mut out = output::stdout();
        write!(out, "{}", settings.masked())?;
        Ok(out.flush()?)
    }
}
