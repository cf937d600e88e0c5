//! Where asynchronous commands run, and what the system may do with the process.

use std::future::Future;

/// Runs `future` to its end in an actix system on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    actix_web::rt::System::new().block_on(future)
}

/// Runs `future` to its end on this thread, and leaves behind what still blocks another one, such as a look-up of a name that nobody
/// answers.
///
/// # Errors
/// When the system has no threads or sockets left.
pub fn block_on_and_leave<F: Future>(future: F) -> std::io::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let output = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(output)
}

/// Keeps passwords and codes in memory out of core files (where the system has them); a failure changes nothing else.
pub(super) fn forbid_core_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = setrlimit(Resource::Core, none);
    }
    // Where core files are handed to a program, as systemd has it, the limit is not asked.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::{Duration, Instant};

    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn what_still_blocks_a_thread_is_left_behind() {
        let started = Instant::now();

        let answer = block_on_and_leave(async {
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_secs(5)));
            7
        });

        assert_eq!(answer.unwrap(), 7);
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    }

    #[test]
    fn no_core_file_is_written() {
        forbid_core_files();

        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
