//! `twostep user delete`

use std::io::{self, Write as _};
use std::path::Path;

use clap::Args;

use super::super::output;
use super::{Failure, with_directory};

pub(super) const EXAMPLE: &str = "\
Example:
  twostep user delete jane@example.com";

#[derive(Args)]
pub(in crate::cli) struct Delete {
    /// The account's mail address
    email: String,
}

impl Delete {
    pub(super) fn run(self, config: Option<&Path>) -> Result<(), Failure> {
        with_directory(config, async |auth| Ok(auth.delete_user(&self.email).await?))?;
        Ok(writeln!(io::stdout(), "deleted {}", output::printable(&self.email))?)
    }
}
