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
use crate::auth::{Auth, DirectoryError, PreparedUser};
use lines::{Line, Numbered};

pub(super) const EXAMPLE: &str = "\
A line is an object with email, password or passwordHash (a PHC string of Argon2, bcrypt, scrypt or PBKDF2),
emailConfirmed, twoFactorEnabled, phoneNumber, phoneConfirmed and roles; only email has to be there.
A bad line is told by its number, and the others are imported all the same; the exit code is 1 then.

Example:
  twostep user import users.jsonl
  zcat users.jsonl.gz | twostep user import -";

/// Passwords that are hashed at the same time.
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

/// Hashes several passwords at a time; the lines take effect one by one, in their order.
async fn import(auth: &Auth, mut lines: tokio::sync::mpsc::Receiver<Numbered>) -> Count {
    let lines = futures_util::stream::poll_fn(|context| lines.poll_recv(context));
    let mut prepared = lines.map(|line| prepare(auth, line)).buffered(AT_A_TIME);
    let mut count = Count::default();
    while let Some((number, user)) = prepared.next().await {
        match add(auth, user).await {
            Ok(()) => count.imported += 1,
            Err(fault) => {
                count.failed += 1;
                // Nobody may be reading.
                let _ = writeln!(io::stderr(), "line {number}: {}", output::printable(&fault));
            }
        }
    }
    count
}

async fn prepare(auth: &Auth, (number, line): Numbered) -> (u64, Result<PreparedUser, String>) {
    let user = match line {
        Line::Whole(text) => row::parse(&text),
        Line::TooLong => Err(format!("expected at most {} bytes", lines::LONGEST)),
        Line::Broken(error) => Err(format!("cannot be read: {error}")),
    };
    let prepared = match user {
        Ok(user) => auth.prepare_user(user).await.map_err(told),
        Err(fault) => Err(fault),
    };
    (number, prepared)
}

async fn add(auth: &Auth, user: Result<PreparedUser, String>) -> Result<(), String> {
    auth.add_prepared_user(user?).await.map(drop).map_err(told)
}

fn told(error: DirectoryError) -> String {
    format!("{:#}", anyhow::Error::from(error))
}
