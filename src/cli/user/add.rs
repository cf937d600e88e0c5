//! `twostep user add`

use std::io::{self, BufRead, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use zeroize::Zeroizing;

use super::super::output;
use super::{Failure, Switch, with_directory};
use crate::auth::{ImportedPassword, NewUser, Password};

pub(super) const EXAMPLE: &str = "\
Without a password, the account's owner sets one by \"forgot password\".

Example:
  twostep user add jane@example.com --confirmed --two-factor on --role Administrator
  pass show jane | twostep user add jane@example.com --password-stdin --confirmed";

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are bools")]
pub(in crate::cli) struct Add {
    /// The account's mail address
    email: String,
    /// Take the password from the first line of stdin
    #[arg(long)]
    password_stdin: bool,
    /// The address counts as confirmed
    #[arg(long)]
    confirmed: bool,
    /// The second step; without this, as configured
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    two_factor: Option<Switch>,
    /// A role, may be repeated; without this, the configured one
    #[arg(long = "role", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    roles: Vec<String>,
    /// A phone number in E.164, such as +4915112345678
    #[arg(long, value_name = "+E164")]
    phone: Option<String>,
    /// The number counts as confirmed
    #[arg(long, requires = "phone")]
    phone_confirmed: bool,
    /// Print the account as JSON
    #[arg(long)]
    json: bool,
}

impl Add {
    pub(super) fn run(self, config: Option<&Path>) -> Result<(), Failure> {
        let password = if self.password_stdin {
            ImportedPassword::Clear(Password::new(&read_password(io::stdin().lock())?))
        } else {
            ImportedPassword::None
        };
        let user = NewUser {
            email: self.email,
            password,
            email_confirmed: self.confirmed,
            two_factor_enabled: self.two_factor.map(bool::from),
            phone_number: self.phone,
            phone_confirmed: self.phone_confirmed,
            roles: self.roles,
        };
        let added = with_directory(config, async |auth| Ok(auth.add_user(user).await?))?;
        if self.json {
            return Ok(output::print_json(&added)?);
        }
        Ok(writeln!(io::stdout(), "added {}", output::printable(&added.email))?)
    }
}

/// The first line, without its end.
fn read_password(input: impl BufRead) -> anyhow::Result<Zeroizing<String>> {
    // Far more than the rules allow; they tell what is wrong with it.
    const LONGEST: u64 = 64 * 1024;
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    input.take(LONGEST).read_until(b'\n', &mut bytes).context("cannot read a password from stdin")?;
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        bail!("there is no password on the first line of stdin");
    }
    let text = std::str::from_utf8(line).ok().context("the password on stdin is not UTF-8")?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_without_its_end() {
        for input in ["a b \nnext\n", "a b \r\n", "a b "] {
            assert_eq!(*read_password(input.as_bytes()).unwrap(), "a b ");
        }
        for input in [b"".as_slice(), b"\nnext\n", b"\xff\n"] {
            assert!(read_password(input).is_err());
        }
    }
}
