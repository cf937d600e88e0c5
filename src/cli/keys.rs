//! `twostep keys …`

use std::path::Path;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{self, Table};
use super::{Failure, load, quiet};
use crate::startup::{self, logging};
use crate::token::{KeySummary, Tokens};

pub(super) const EXAMPLE: &str = "\
Example:
  twostep keys list";

const LIST_EXAMPLE: &str = "\
Example:
  twostep keys list --json";

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the keys that sign tokens, newest first
    #[command(after_help = LIST_EXAMPLE)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<(), Failure> {
        let Self::List { json } = self;
        let settings = load(config)?;
        let _written_at_the_end = logging::start(&quiet());
        let keys = startup::block_on(async {
            let db = startup::connect(&settings.database).await?;
            Tokens::list(&db).await.context("cannot list the keys; has the database been migrated?")
        })?;
        if *json {
            return Ok(output::print_json(&keys.iter().map(to_json).collect::<Vec<_>>())?);
        }
        let mut table = Table::new(output::stdout(), ["KEY", "ALGORITHM", "MADE", "STATE"]);
        table.print(&keys.iter().map(row).collect::<Vec<_>>())?;
        Ok(table.end()?)
    }
}

fn to_json(key: &KeySummary) -> Value {
    json!({"id": key.id, "algorithm": key.algorithm, "createdAt": key.created_at, "retiredAt": key.retired_at})
}

fn row(key: &KeySummary) -> [String; 4] {
    let state = key.retired_at.map_or_else(|| "signing".to_owned(), |at| format!("retired {at}"));
    [key.id.clone(), format!("{:?}", key.algorithm), key.created_at.to_string(), state]
}
