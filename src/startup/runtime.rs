//! Where asynchronous commands run.

use std::future::Future;

/// Runs `future` to its end in an actix system on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    actix_web::rt::System::new().block_on(future)
}
