//! Where asynchronous commands run.

use std::future::Future;

/// Runs `future` to its end in an actix system on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    actix_web::rt::System::new().block_on(future)
}

/// Keeps passwords and codes in memory out of core files (where the system has them); a failure changes nothing else.
pub(super) fn forbid_core_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = setrlimit(Resource::Core, none);
    }
}
