//! `twostep doctor`

use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::output::{self, Table};
use super::{Failure, load, quiet};
use crate::startup::{self, Finding, Status, logging};

pub(super) const EXAMPLE: &str = "\
A line for each part: how it does, what was tried, how long that took, and what to do. Nothing is sent, made or changed.
The exit code is 1 if a part failed, and 2 if the configuration is wrong.

Example:
  twostep doctor --config /etc/twostep.toml
  twostep doctor --json";

#[derive(Args)]
pub(super) struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<(), Failure> {
        let settings = load(config)?;
        let _written_at_the_end = logging::start(&quiet());
        let findings =
            startup::block_on_and_leave(startup::examine(&settings)).context("cannot start the checks")?;
        if self.json {
            output::print_json(&findings.iter().map(to_json).collect::<Vec<_>>())?;
        } else {
            let mut table = Table::new(output::stdout(), ["STATUS", "CHECK", "TIME", "DETAIL"]);
            table.print(&findings.iter().map(row).collect::<Vec<_>>())?;
            table.end()?;
        }
        let has_failed = findings.iter().any(|finding| finding.status == Status::Failed);
        if has_failed { Err(Failure::Told) } else { Ok(()) }
    }
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Failed => "failed",
    }
}

fn to_json(finding: &Finding) -> Value {
    json!({
        "check": finding.check,
        "status": name(finding.status),
        "detail": finding.detail,
        "milliseconds": finding.milliseconds,
    })
}

fn row(finding: &Finding) -> [String; 4] {
    let time = format!("{} ms", finding.milliseconds);
    [name(finding.status).to_owned(), finding.check.clone(), time, finding.detail.clone()]
}
