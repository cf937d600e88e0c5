//! Work that must finish: it runs in a task of its own, so that a client's hang-up does not drop it half-way.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::spawn;
use tokio::sync::Semaphore;
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
    /// So much is worked on that it was not begun.
    #[error("there is no room")]
    NoRoom,
    /// The deadline passed.
    #[error("the deadline passed")]
    Late,
    /// It panicked; the panic hook has told where.
    #[error("the handler panicked")]
    Panicked,
}

/// [`finish`], if there is a place in `room`; the work keeps it to its end.
pub(super) async fn finish_in<T: 'static>(
    room: &Arc<Semaphore>,
    deadline: Deadline,
    work: impl Future<Output = T> + 'static,
) -> Result<T, Unfinished> {
    let Ok(place) = Arc::clone(room).try_acquire_owned() else { return Err(Unfinished::NoRoom) };
    finish(deadline, async move {
        let _place = place;
        work.await
    })
    .await
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
        let room = Arc::new(Semaphore::new(1));
        let waiter = finish_in(&room, Deadline::after(Duration::from_secs(5)), async move {
            wait.await.unwrap();
            mark.set(true);
        });

        let hung_up = tokio::time::timeout(Duration::from_millis(10), waiter).await;
        let meanwhile = finish_in(&room, Deadline::after(Duration::from_secs(5)), async {}).await;
        go.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let afterwards = finish_in(&room, Deadline::after(Duration::from_secs(5)), async {}).await;

        assert!(hung_up.is_err());
        assert_eq!(meanwhile, Err(Unfinished::NoRoom), "it keeps its place to its end");
        assert!(done.get());
        assert_eq!(afterwards, Ok(()));
    }

    #[actix_web::test]
    async fn a_passed_deadline_and_a_panic_are_told_apart() {
        let late = finish(Deadline::after(Duration::from_millis(5)), std::future::pending::<()>()).await;
        let panicked = finish(Deadline::after(Duration::from_secs(5)), async { panic!("on purpose") }).await;

        assert_eq!(late, Err(Unfinished::Late));
        assert_eq!(panicked, Err::<(), _>(Unfinished::Panicked));
    }
}
