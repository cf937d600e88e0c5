//! The bounded pool of threads that hash passwords.

mod huge_pages;
mod stored;
mod worker;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use argon2::{Algorithm, Params, Version};
use crossbeam_channel::Sender;
use log::warn;
use tokio::sync::oneshot;

use self::stored::Stored;
use self::worker::{Gate, Job, Work};
use super::error::BUSY_FOR;
use super::{Busy, Password};
use crate::vault::random_bytes;

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

impl HashSettings {
    /// What may be set, and so what a hash may ask for that was made here.
    pub const MEMORY_KIB: RangeInclusive<u32> = 8..=4 * 1024 * 1024;
    /// As [`HashSettings::MEMORY_KIB`].
    pub const ITERATIONS: RangeInclusive<u32> = 1..=1000;
    /// As [`HashSettings::MEMORY_KIB`].
    pub const PARALLELISM: RangeInclusive<u32> = 1..=255;
}

/// A fixed pool of hashing threads with a bounded queue. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct HashPool(Arc<Pool>);

struct Pool {
    jobs: Sender<Job>,
    params: Params,
    dummy: Arc<str>,
    patience: Duration,
    #[cfg(test)]
    gate: Arc<Gate>,
}

impl HashPool {
    /// Starts the threads. Each takes its memory at its first hash, and gives it back when it has been idle.
    ///
    /// # Errors
    /// When the parameters are no Argon2 parameters or a thread cannot be started.
    pub fn start(settings: &HashSettings) -> anyhow::Result<Self> {
        let output = Some(Params::DEFAULT_OUTPUT_LEN);
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, output)
            .map_err(|error| anyhow!("the argon2 parameters of [accounts] are wrong: {error}"))?;
        // Random bytes look like the hash of a password that nobody knows, and cost the same to check.
        let dummy: Arc<str> = worker::phc(&params, &random_bytes(), &random_bytes()).into();
        let gate = Arc::new(Gate::default());
        let (jobs, queue) = crossbeam_channel::bounded(settings.queue);
        for number in 1..=thread_count(settings) {
            let (queue, params, dummy) = (queue.clone(), params.clone(), Arc::clone(&dummy));
            let gate = Arc::clone(&gate);
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || worker::run(&queue, &params, &dummy, &gate))
                .context("cannot start a hashing thread")?;
        }
        let pool = Pool {
            jobs,
            params,
            dummy,
            patience: settings.patience,
            #[cfg(test)]
            gate,
        };
        Ok(Self(Arc::new(pool)))
    }

    /// Hashes a new password with Argon2id; a PHC string.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full or the wait was too long.
    pub async fn hash(&self, password: &Password) -> Result<String, Busy> {
        self.submit(password, Work::Hash).await
    }

    /// Whether `password` belongs to the PHC string `phc`. One that is not understood, or that would cost too much to
    /// check, belongs to no password.
    ///
    /// # Errors
    /// As [`HashPool::hash`].
    pub async fn verify(&self, password: &Password, phc: &str) -> Result<bool, Busy> {
        let phc = phc.to_owned();
        self.submit(password, |done| Work::Verify { phc, done }).await
    }

    /// Queues a job and waits for its answer; no memory is taken for one that finds no room.
    async fn submit<T>(
        &self,
        password: &Password,
        work: impl FnOnce(oneshot::Sender<T>) -> Work,
    ) -> Result<T, Busy> {
        let busy = Busy { retry_after: BUSY_FOR };
        let (done, answer) = oneshot::channel();
        let give_up_at = Instant::now() + self.0.patience;
        let job = Job { password: password.clone(), work: work(done), give_up_at };
        self.0.jobs.try_send(job).map_err(|_| busy)?;
        // A sender that was dropped: the job waited too long, or panicked.
        answer.await.map_err(|_| busy)
    }

    /// Jobs that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.jobs.len()
    }

    /// Whether `phc` is weaker than what [`HashPool::hash`] makes now, or of another kind.
    #[must_use]
    pub fn needs_rehash(&self, phc: &str) -> bool {
        let today = &self.0.params;
        match Stored::parse(phc) {
            Ok(Stored::Argon2 {
                algorithm: Algorithm::Argon2id,
                version: Version::V0x13,
                params,
                salt,
                output,
            }) => {
                params.m_cost() < today.m_cost()
                    || params.t_cost() < today.t_cost()
                    || params.p_cost() < today.p_cost()
                    || salt.len() < 16
                    || output.len() < Params::DEFAULT_OUTPUT_LEN
            }
            Ok(Stored::Argon2 { .. } | Stored::Bcrypt(_) | Stored::Scrypt { .. } | Stored::Pbkdf2 { .. }) => {
                true
            }
            Err(reason) => {
                warn!(reason = reason.as_str(); "a stored password hash cannot be used");
                true
            }
        }
    }

    /// A hash of a password that nobody knows, at today's parameters: checked when there is no user, so that the time is the same.
    #[must_use]
    pub fn dummy(&self) -> &str {
        &self.0.dummy
    }
}

/// Whether the PHC string of another program can be checked here.
///
/// # Errors
/// Tells why not, without repeating the hash.
pub fn accepts(phc: &str) -> Result<(), String> {
    Stored::parse_imported(phc).map(drop)
}

fn thread_count(settings: &HashSettings) -> usize {
    match settings.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

#[cfg(test)]
mod tests;
