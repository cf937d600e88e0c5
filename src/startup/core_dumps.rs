//! No core files: the memory of this process holds keys, passwords and codes.

use log::warn;
use rustix::process::{Resource, Rlimit, setrlimit};

/// Keeps the system from writing this process's memory to a file when it crashes, and other processes of the same user
/// from reading it. Best effort: what could not be had is logged.
pub(super) fn forbid() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        warn!(error:% = error; "core files are not switched off");
    }
    // Where core files go to a program, as with systemd, the limit alone is not asked.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
    {
        warn!(error:% = error; "the process's memory can be dumped");
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::getrlimit;

    use super::*;

    #[test]
    fn no_core_file_is_written() {
        forbid();

        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        #[cfg(target_os = "linux")]
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            rustix::process::DumpableBehavior::NotDumpable
        );
    }
}
