//! `twostep migrate`

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::output::{self, Table};
use super::{Failure, load, quiet};
use crate::startup::{self, Migration, logging};

pub(super) const EXAMPLE: &str = "\
The server migrates by itself when it starts.

Example:
  twostep migrate
  twostep migrate status --json";

#[derive(Args)]
pub(super) struct Migrate {
    /// What to do
    #[arg(value_enum, default_value_t = What::Up)]
    what: What,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Apply what is missing
    Up,
    /// Take the last one back, with the data that it holds
    Down,
    /// Change nothing
    Status,
}

impl From<What> for Migration {
    fn from(what: What) -> Self {
        match what {
            What::Up => Self::Up,
            What::Down => Self::Down,
            What::Status => Self::Status,
        }
    }
}

impl Migrate {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<(), Failure> {
        let settings = load(config)?;
        let _written_at_the_end = logging::start(&quiet());
        let migrations = startup::block_on(startup::migrate(&settings.database, self.what.into()))?;
        if self.json {
            let list = migrations.iter().map(|(name, applied)| json!({"name": name, "applied": applied}));
            return Ok(output::print_json(&list.collect::<Vec<Value>>())?);
        }
        let mut table = Table::new(output::stdout(), ["MIGRATION", "STATE"]);
        let row = |(name, applied)| [name, if applied { "applied" } else { "missing" }.to_owned()];
        table.print(&migrations.into_iter().map(row).collect::<Vec<_>>())?;
        Ok(table.end()?)
    }
}
