//! Work that must finish: it runs in a task of its own, so that a client's hang-up does not drop it half-way.

use std::future::Future;
use std::time::Duration;

use actix_web::rt::spawn;
use tokio::time::{Instant, timeout_at};

/// The instant by which a request is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    /// `span` from now.
    pub(super) fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// What `future` gives, or nothing if it takes too long.
    pub(super) async fn hold<T>(self, future: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.0, future).await.ok()
    }
}

/// Why work gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfinished {
    /// The deadline passed.
    #[error("the deadline passed")]
    Late,
    /// It panicked; the panic hook has told where.
    #[error("the handler panicked")]
    Panicked,
}

/// Runs `work` to its end or to the deadline, whether or not somebody still waits for the result.
pub(super) async fn finish<T: 'static>(
    deadline: Deadline,
    work: impl Future<Output = T> + 'static,
) -> Result<T, Unfinished> {
    match spawn(deadline.hold(work)).await {
        Ok(Some(result)) => Ok(result),
        Ok(None) => Err(Unfinished::Late),
        Err(_) => Err(Unfinished::Panicked),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[actix_web::test]
    async fn work_goes_on_when_nobody_waits_for_it_any_more() {
        let done = Rc::new(Cell::new(false));
        let mark = Rc::clone(&done);
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let waiter = finish(Deadline::after(Duration::from_secs(5)), async move {
            wait.await.unwrap();
            mark.set(true);
        });

        let hung_up = tokio::time::timeout(Duration::from_millis(10), waiter).await;
        go.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;

        assert!(hung_up.is_err());
        assert!(done.get());
    }

    #[actix_web::test]
    async fn a_passed_deadline_and_a_panic_are_told_apart() {
        let late = finish(Deadline::after(Duration::from_millis(5)), std::future::pending::<()>()).await;
        let panicked = finish(Deadline::after(Duration::from_secs(5)), async { panic!("on purpose") }).await;

        assert_eq!(late, Err(Unfinished::Late));
        assert_eq!(panicked, Err::<(), _>(Unfinished::Panicked));
    }
}
