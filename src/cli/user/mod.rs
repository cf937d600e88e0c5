//! `twostep user …`

mod add;
mod delete;
mod import;
mod list;
mod set;
mod show;

use std::path::Path;

use clap::{Subcommand, ValueEnum};

use super::{Failure, load, quiet};
use crate::auth::Auth;
use crate::startup::{self, logging};

pub(super) const EXAMPLE: &str = "\
Example:
  twostep user add jane@example.com --confirmed --two-factor on
  twostep user list";

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make an account
    #[command(after_help = add::EXAMPLE)]
    Add(add::Add),
    /// Make many accounts from a file, one JSON object a line
    #[command(after_help = import::EXAMPLE)]
    Import(import::Import),
    /// Change an account
    #[command(after_help = set::EXAMPLE)]
    Set(set::Set),
    /// Show an account
    #[command(after_help = show::EXAMPLE)]
    Show(show::Show),
    /// List all accounts by address
    #[command(after_help = list::EXAMPLE)]
    List(list::List),
    /// Delete an account and all that hangs on it
    #[command(after_help = delete::EXAMPLE)]
    Delete(delete::Delete),
}

impl Command {
    pub(super) fn run(self, config: Option<&Path>) -> Result<(), Failure> {
        match self {
            Self::Add(add) => add.run(config),
            Self::Import(import) => import.run(config),
            Self::Set(set) => set.run(config),
            Self::Show(show) => show.run(config),
            Self::List(list) => list.run(config),
            Self::Delete(delete) => delete.run(config),
        }
    }
}

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// On
    On,
    /// Off
    Off,
}

impl From<Switch> for bool {
    fn from(switch: Switch) -> Self {
        switch == Switch::On
    }
}

/// Runs `work` with the rules over the configured database.
fn with_directory<T>(
    config: Option<&Path>,
    work: impl AsyncFnOnce(Auth) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let settings = load(config)?;
    let _written_at_the_end = logging::start(&quiet());
    startup::block_on(async { work(startup::directory(&settings).await?).await })
}
