//! Gateways that do what a test wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use twostep::courier::{Delivery, DeliveryError, Gateway};

/// Keeps every hand-over waiting until it is let go.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) started: Arc<Mutex<Vec<String>>>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self { started: Arc::default(), open: Arc::new(Semaphore::new(0)) }
    }

    pub(crate) fn let_through(&self, count: usize) {
        self.open.add_permits(count);
    }

    pub(crate) fn started(&self) -> Vec<String> {
        self.started.lock().unwrap().clone()
    }

    /// Waits until `count` hand-overs have started.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<String> {
        let waiting = async {
            while self.started().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(crate::house::PATIENCE, waiting).await;
        assert!(waited.is_ok(), "only {} hand-overs started", self.started().len());
        self.started()
    }
}

#[async_trait]
impl Gateway for Gate {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        self.started.lock().unwrap().push(delivery.to.clone());
        self.open.acquire().await.unwrap().forget();
        Ok(())
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// Hands over, and then panics the first time: the relay has the mail and nobody knows.
pub(crate) struct PanicsAfter<G> {
    pub(crate) inner: G,
    pub(crate) calls: AtomicUsize,
}

#[async_trait]
impl<G: Gateway> Gateway for PanicsAfter<G> {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        self.inner.deliver(delivery).await?;
        assert!(self.calls.fetch_add(1, Ordering::SeqCst) > 0, "as the test wants it");
        Ok(())
    }

    fn deadline(&self) -> Duration {
        self.inner.deadline()
    }
}

/// Never comes back.
pub(crate) struct Hangs;

#[async_trait]
impl Gateway for Hangs {
    async fn deliver(&self, _: &Delivery) -> Result<(), DeliveryError> {
        std::future::pending().await
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(50)
    }
}
