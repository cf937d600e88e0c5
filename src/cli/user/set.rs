//! `twostep user set`

use std::io::{self, Write as _};
use std::path::Path;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args};

use super::super::output;
use super::{Failure, Switch, with_directory};
use crate::auth::Change;

pub(super) const EXAMPLE: &str = "\
Example:
  twostep user set jane@example.com --two-factor on --role Administrator
  twostep user set jane@example.com --unlock";

#[derive(Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true)
    .args(["two_factor", "roles", "unlock", "disable", "enable"]))]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are bools")]
pub(in crate::cli) struct Set {
    /// The account's mail address
    email: String,
    /// The second step
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    two_factor: Option<Switch>,
    /// A role, may be repeated; replaces all roles
    #[arg(long = "role", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    roles: Vec<String>,
    /// Lift a lock, clear the counters and re-enable disabled factors
    #[arg(long)]
    unlock: bool,
    /// Switch the account off and end its sessions
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
    /// Switch the account on again
    #[arg(long)]
    enable: bool,
    /// Print the account as JSON
    #[arg(long)]
    json: bool,
}

impl Set {
    pub(super) fn run(self, config: Option<&Path>) -> Result<(), Failure> {
        let (email, json) = (self.email.clone(), self.json);
        let change = self.change();
        let changed = with_directory(config, async |auth| Ok(auth.change_user(&email, change).await?))?;
        if json {
            return Ok(output::print_json(&changed)?);
        }
        Ok(writeln!(io::stdout(), "changed {}", output::printable(&changed.email))?)
    }

    fn change(self) -> Change {
        Change {
            two_factor_enabled: self.two_factor.map(bool::from),
            roles: if self.roles.is_empty() { None } else { Some(self.roles) },
            unlock: self.unlock,
            disabled: if self.disable || self.enable { Some(self.disable) } else { None },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        set: Set,
    }

    fn parse(line: &str) -> Option<Change> {
        Line::try_parse_from(line.split(' ')).ok().map(|line| line.set.change())
    }

    #[test]
    fn flags_become_changes() {
        let change = parse("set a@b.c --two-factor off --role A --role B --unlock --disable").unwrap();
        assert_eq!(change.two_factor_enabled, Some(false));
        assert_eq!(change.roles, Some(vec!["A".to_owned(), "B".to_owned()]));
        assert!(change.unlock);
        assert_eq!(change.disabled, Some(true));

        let change = parse("set a@b.c --enable").unwrap();
        assert_eq!((change.two_factor_enabled, change.roles, change.unlock), (None, None, false));
        assert_eq!(change.disabled, Some(false));
    }

    #[test]
    fn contradictions_and_nothing_are_refused() {
        for line in [
            "set a@b.c",
            "set a@b.c --json",
            "set a@b.c --enable --disable",
            "set --unlock",
            "set a@b.c --two-factor yes",
        ] {
            assert!(parse(line).is_none(), "{line}");
        }
    }
}
