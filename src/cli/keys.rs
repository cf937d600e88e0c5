//! `twostep keys …`

use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::output::{self, Table};
use super::{Failure, load, quiet};
use crate::settings::Settings;
use crate::startup::{self, logging};
use crate::token::{Algorithm, KeySummary, Tokens};

pub(super) const EXAMPLE: &str = "\
Example:
  twostep keys list
  twostep keys rotate";

const LIST_EXAMPLE: &str = "\
Example:
  twostep keys list --json";

const ROTATE_EXAMPLE: &str = "\
Example:
  twostep keys rotate

Running servers follow within two seconds; what the old key signed is good until it expires.";

#[derive(Subcommand)]
pub(super) enum Command {
    /// List the keys that sign tokens, newest first
    #[command(after_help = LIST_EXAMPLE)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let the next key sign, and retire the one that signed
    #[command(after_help = ROTATE_EXAMPLE)]
    Rotate {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<(), Failure> {
        let settings = load(config)?;
        let _written_at_the_end = logging::start(&quiet());
        let (Self::List { json } | Self::Rotate { json }) = *self;
        let keys = match self {
            Self::List { .. } => startup::block_on(async {
                let db = startup::connect(&settings.database).await?;
                Tokens::list(&db).await.context("cannot list the keys; has the database been migrated?")
            })?,
            Self::Rotate { .. } => startup::block_on(rotate(&settings))?,
        };
        if json {
            return Ok(output::print_json(&keys.iter().map(to_json).collect::<Vec<_>>())?);
        }
        let mut table = Table::new(output::stdout(), ["KEY", "ALGORITHM", "MADE", "STATE"]);
        table.print(&keys.iter().map(row).collect::<Vec<_>>())?;
        Ok(table.end()?)
    }
}

async fn rotate(settings: &Settings) -> anyhow::Result<Vec<KeySummary>> {
    if settings.tokens.algorithm == Algorithm::HS256 {
        bail!("HS256 signs with tokens.hs256_key: change it there");
    }
    let tokens = startup::signing_keys(settings).await?;
    if !tokens.rotate().await? {
        bail!("another process has rotated the keys just now");
    }
    let db = startup::connect(&settings.database).await?;
    Ok(Tokens::list(&db).await?)
}

fn to_json(key: &KeySummary) -> Value {
    json!({
        "id": key.id,
        "algorithm": key.algorithm,
        "createdAt": key.created_at,
        "activatedAt": key.activated_at,
        "retiredAt": key.retired_at,
    })
}

fn row(key: &KeySummary) -> [String; 4] {
    let state = match (key.activated_at, key.retired_at) {
        (_, Some(at)) => format!("retired {at}"),
        (Some(_), None) => "signing".to_owned(),
        (None, None) => "next".to_owned(),
    };
    [key.id.clone(), format!("{:?}", key.algorithm), key.created_at.to_string(), state]
}
