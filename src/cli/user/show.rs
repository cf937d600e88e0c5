//! `twostep user show`

use std::path::Path;

use clap::Args;

use super::super::output::{self, Table};
use super::{Failure, with_directory};
use crate::auth::UserSummary;
use crate::clock::Clock;

pub(super) const EXAMPLE: &str = "\
Example:
  twostep user show jane@example.com --json";

#[derive(Args)]
pub(in crate::cli) struct Show {
    /// The account's mail address
    email: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self, config: Option<&Path>) -> Result<(), Failure> {
        let user = with_directory(config, async |auth| Ok(auth.show_user(&self.email).await?))?;
        if self.json {
            return Ok(output::print_json(&user)?);
        }
        let mut table = Table::new(output::stdout(), ["FIELD", "VALUE"]);
        table.print(&rows(&user))?;
        Ok(table.end()?)
    }
}

fn rows(user: &UserSummary) -> Vec<[String; 2]> {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    [
        ("id", user.id.to_string()),
        ("email", user.email.clone()),
        ("email confirmed", yes(user.email_confirmed)),
        ("first name", user.first_name.clone()),
        ("last name", user.last_name.clone()),
        ("roles", user.roles.join(", ")),
        ("two-factor", if user.two_factor_enabled { "on" } else { "off" }.to_owned()),
        ("preferred provider", optional(&user.preferred_provider)),
        ("phone", optional(&user.phone_number)),
        ("phone confirmed", yes(user.phone_confirmed)),
        ("state", state(user)),
        ("disabled factors", user.disabled_factors.join(", ")),
        ("made", user.created_at.to_string()),
    ]
    .map(|(field, value)| [field.to_owned(), if value.is_empty() { "-".to_owned() } else { value }])
    .to_vec()
}

/// What keeps the account from signing in.
pub(super) fn state(user: &UserSummary) -> String {
    if let Some(at) = user.disabled_at {
        return format!("disabled {at}");
    }
    match user.locked_until.filter(|until| *until > Clock::system().now()) {
        Some(until) => format!("locked until {until}"),
        None => "active".to_owned(),
    }
}
