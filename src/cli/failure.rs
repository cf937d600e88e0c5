//! Why a command failed, and how that is told.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use crate::auth::DirectoryError;
use crate::settings::Faults;

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The configuration is wrong.
    Configuration(Faults),
    /// Something did not work.
    Failed(anyhow::Error),
    /// Its faults have been told already.
    Told,
}

impl Failure {
    /// Tells it on stderr; the exit code.
    pub(super) fn tell(self) -> ExitCode {
        // Nobody may be reading.
        let mut stderr = io::stderr().lock();
        match self {
            Self::Configuration(Faults(lines)) => {
                for line in lines {
                    let _ = writeln!(stderr, "{line}");
                }
                ExitCode::from(2)
            }
            // The reader had enough, as in `twostep user list | head`.
            Self::Failed(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
            Self::Failed(error) => {
                let _ = writeln!(stderr, "error: {error:#}");
                ExitCode::FAILURE
            }
            Self::Told => ExitCode::FAILURE,
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Configuration(faults)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        Self::Failed(error.into())
    }
}
