//! The commands, a file each.

mod config;
mod doctor;
mod failure;
mod keys;
mod migrate;
mod openapi;
mod output;
mod serve;
mod user;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings::{self, Settings};
use crate::settings::{LogFormat, LogSettings};
use failure::Failure;

/// A login server with a second step: password, one-time code, JWT.
#[derive(Parser)]
#[command(name = "twostep", version, about, after_help = EXAMPLE)]
struct Cli {
    /// The configuration; without it, twostep.toml in the working directory is read if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLE: &str = "\
Without a command, the server is started.

Example:
  twostep serve --config /etc/twostep.toml
  TWOSTEP__SERVER__BIND=127.0.0.1:8080 twostep";

#[derive(Subcommand)]
enum Command {
    /// Start the server
    #[command(after_help = serve::EXAMPLE)]
    Serve,
    /// Change the database's tables, or tell how they stand
    #[command(after_help = migrate::EXAMPLE)]
    Migrate(migrate::Migrate),
    /// Make, change, show and delete accounts
    #[command(after_help = user::EXAMPLE)]
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Look at the keys that sign tokens
    #[command(after_help = keys::EXAMPLE)]
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
    /// Print the document that describes the API
    #[command(after_help = openapi::EXAMPLE)]
    Openapi,
    /// Look at the configuration
    #[command(after_help = config::EXAMPLE)]
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Try database, mail relay, SMS gateways, clock and TLS
    #[command(after_help = doctor::EXAMPLE)]
    Doctor(doctor::Doctor),
}

/// Runs the command of the command line. 0: done, 1: failed, 2: the command line or the configuration is wrong.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody may be reading.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn execute(cli: Cli) -> Result<(), Failure> {
    let config = cli.config.as_deref();
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(config),
        Command::Migrate(migrate) => migrate.run(config),
        Command::User { command } => command.run(config),
        Command::Keys { command } => command.run(config),
        Command::Openapi => openapi::run(),
        Command::Config { command } => command.run(config),
        Command::Doctor(doctor) => doctor.run(config),
    }
}

fn load(config: Option<&Path>) -> Result<Settings, Failure> {
    Ok(Settings::load(config, settings::environment()?)?)
}

/// What commands that end by themselves log: only what somebody should know.
fn quiet() -> LogSettings {
    LogSettings { level: "warn".to_owned(), format: LogFormat::Text }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_answers_help_with_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command.get_after_help().unwrap_or_default().to_string();
            assert!(help.contains("Example:\n  "), "{path}: {help}");
            assert!(help.contains(path.trim()), "{path}: {help}");
            command.get_subcommands().for_each(|inner| check(inner, &path));
        }
        let command = Cli::command();
        command.clone().debug_assert();

        check(&command, "");
    }

    #[test]
    fn without_a_command_the_server_is_started_and_config_is_understood_everywhere() {
        let config = |line: &str| Cli::try_parse_from(line.split(' ')).map(|cli| cli.config).ok().flatten();

        assert!(Cli::try_parse_from(["twostep"]).unwrap().command.is_none());
        for line in ["twostep --config a", "twostep serve --config a", "twostep user list --config a"] {
            assert_eq!(config(line), Some(PathBuf::from("a")), "{line}");
        }
    }

    #[test]
    fn a_command_that_would_change_nothing_is_refused() {
        assert!(Cli::try_parse_from(["twostep", "user", "set", "a@b.c"]).is_err());
    }
}
