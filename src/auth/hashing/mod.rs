//! The bounded pool of threads that hash passwords.

use std::time::Duration;

use super::{Busy, Password};

/// How passwords are hashed.
#[derive(Clone, Debug)]
pub struct HashSettings {
    /// Argon2 memory, KiB.
    pub memory_kib: u32,
    /// Argon2 passes.
    pub iterations: u32,
    /// Argon2 lanes.
    pub parallelism: u32,
    /// Threads; 0: one per core.
    pub threads: usize,
    /// Jobs that may wait.
    pub queue: usize,
    /// A job that has waited longer is refused.
    pub patience: Duration,
}

/// A fixed pool of hashing threads with a bounded queue. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct HashPool {}

impl HashPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the parameters are no Argon2 parameters or a thread cannot be started.
    pub fn start(settings: &HashSettings) -> anyhow::Result<Self> {
        todo!()
    }

    /// Hashes a new password with Argon2id; a PHC string.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full or the wait was too long.
    pub async fn hash(&self, password: &Password) -> Result<String, Busy> {
        todo!()
    }

    /// Whether `password` belongs to the PHC string `phc`.
    ///
    /// # Errors
    /// As [`HashPool::hash`].
    pub async fn verify(&self, password: &Password, phc: &str) -> Result<bool, Busy> {
        todo!()
    }

    /// Whether `phc` is weaker than what [`HashPool::hash`] makes now, or of another kind.
    #[must_use]
    pub fn needs_rehash(&self, phc: &str) -> bool {
        todo!()
    }

    /// A hash of a password that nobody knows, at today's parameters: checked when there is no user, so that the time is the same.
    #[must_use]
    pub fn dummy(&self) -> &str {
        todo!()
    }
}
