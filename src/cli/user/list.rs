//! `twostep user list`

use std::io::Write;
use std::path::Path;

use clap::Args;

use super::super::output::{self, Table};
use super::show::state;
use super::{Failure, with_directory};
use crate::auth::{Auth, UserSummary};

pub(super) const EXAMPLE: &str = "\
Example:
  twostep user list
  twostep user list --json | jq -r '.[].email'";

/// Accounts that are in memory at a time.
const PAGE: u64 = 500;

#[derive(Args)]
pub(in crate::cli) struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self, config: Option<&Path>) -> Result<(), Failure> {
        with_directory(
            config,
            async |auth| if self.json { as_json(&auth).await } else { as_table(&auth).await },
        )
    }
}

async fn as_table(auth: &Auth) -> Result<(), Failure> {
    let header = ["EMAIL", "CONFIRMED", "TWO-FACTOR", "ROLES", "STATE"];
    let mut table = Table::new(output::stdout(), header);
    let mut pages = Pages::default();
    while let Some(users) = pages.next(auth).await? {
        table.print(&users.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(table.end()?)
}

fn row(user: &UserSummary) -> [String; 5] {
    [
        user.email.clone(),
        if user.email_confirmed { "yes" } else { "no" }.to_owned(),
        if user.two_factor_enabled { "on" } else { "off" }.to_owned(),
        user.roles.join(","),
        state(user),
    ]
}

/// An array, an account a line.
async fn as_json(auth: &Auth) -> Result<(), Failure> {
    let mut out = output::stdout();
    let mut pages = Pages::default();
    let mut separator = "[\n";
    while let Some(users) = pages.next(auth).await? {
        for user in users {
            let user = serde_json::to_string(&user).map_err(anyhow::Error::from)?;
            write!(out, "{separator}{user}")?;
            separator = ",\n";
        }
    }
    // Nothing was written yet.
    if separator == "[\n" {
        write!(out, "[")?;
    }
    writeln!(out, "\n]")?;
    Ok(out.flush()?)
}

/// All accounts, a page at a time.
#[derive(Default)]
struct Pages {
    last: Option<String>,
    is_done: bool,
}

impl Pages {
    async fn next(&mut self, auth: &Auth) -> Result<Option<Vec<UserSummary>>, Failure> {
        if self.is_done {
            return Ok(None);
        }
        let users = auth.list_users(self.last.as_deref(), PAGE).await?;
        self.is_done = (users.len() as u64) < PAGE;
        self.last = users.last().map(|user| user.email.clone());
        Ok(Some(users))
    }
}
