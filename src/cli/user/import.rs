//! `twostep user import`

mod lines;
mod row;

use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::path::Path;

use anyhow::Context as _;
use clap::Args;
use futures_util::StreamExt as _;

use super::super::output;
use super::{Failure, with_directory};
use crate::auth::Auth;
use lines::{Line, Numbered};

pub(super) const EXAMPLE: &str = "\
A line is an object with email, password or passwordHash (a PHC string of Argon2, bcrypt, scrypt or PBKDF2),
emailConfirmed, twoFactorEnabled, phoneNumber, phoneConfirmed and roles; only email has to be there.
A bad line is told by its number, and the others are imported all the same; the exit code is 1 then.

Example:
  twostep user import users.jsonl
  zcat users.jsonl.gz | twostep user import -";

/// Accounts that are made at the same time.
const AT_A_TIME: usize = 8;

#[derive(Args)]
pub(in crate::cli) struct Import {
    /// The file; "-" is stdin
    #[arg(value_name = "FILE.jsonl")]
    file: String,
}

impl Import {
    pub(super) fn run(self, config: Option<&Path>) -> Result<(), Failure> {
        let input: Box<dyn Read + Send> = if self.file == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(&self.file).with_context(|| format!("cannot open {}", self.file))?)
        };
        let lines = lines::read(BufReader::with_capacity(64 * 1024, input))?;
        let count = with_directory(config, async |auth| Ok(import(&auth, lines).await))?;
        let Count { imported, failed } = count;
        writeln!(io::stdout(), "imported {imported}, failed {failed}")?;
        if failed == 0 { Ok(()) } else { Err(Failure::Told) }
    }
}

#[derive(Default)]
struct Count {
    imported: u64,
    failed: u64,
}

/// Makes several accounts at a time, and tells faults in the order of the lines.
async fn import(auth: &Auth, mut lines: tokio::sync::mpsc::Receiver<Numbered>) -> Count {
    let lines = futures_util::stream::poll_fn(|context| lines.poll_recv(context));
    let mut results = lines.map(|line| add(auth, line)).buffered(AT_A_TIME);
    let mut count = Count::default();
    while let Some(result) = results.next().await {
        match result {
            Ok(()) => count.imported += 1,
            Err(fault) => {
                count.failed += 1;
                // Nobody may be reading.
                let _ = writeln!(io::stderr(), "{}", output::printable(&fault));
            }
        }
    }
    count
}

async fn add(auth: &Auth, (number, line): Numbered) -> Result<(), String> {
    let told = |why: String| format!("line {number}: {why}");
    let user = match line {
        Line::Whole(text) => row::parse(&text).map_err(told)?,
        Line::TooLong => return Err(told(format!("expected at most {} bytes", lines::LONGEST))),
        Line::Broken(error) => return Err(told(format!("cannot be read: {error}"))),
    };
    match auth.add_user(user).await {
        Ok(_) => Ok(()),
        Err(error) => Err(told(format!("{:#}", anyhow::Error::from(error)))),
    }
}
