//! A hashing thread: takes jobs from the queue and does them in memory of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use log::{debug, error};
use password_hash::phc::Output;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::huge_pages::Memory;
use super::stored::Stored;
use crate::auth::Password;
use crate::vault::random_bytes;

/// An idle thread gives its memory back to the system after this long.
const IDLE: Duration = Duration::from_secs(2);
/// How much the threads yield to those that answer requests (nice).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// What is to be done, and where the result goes; a dropped sender means that it was not done.
pub(super) enum Work {
    Hash(oneshot::Sender<String>),
    Verify {
        phc: String,
        done: oneshot::Sender<bool>,
    },
    #[cfg(test)]
    Panic(oneshot::Sender<bool>),
}

impl Work {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash(done) => done.is_closed(),
            Self::Verify { done, .. } => done.is_closed(),
            #[cfg(test)]
            Self::Panic(done) => done.is_closed(),
        }
    }
}

/// A job in the queue.
pub(super) struct Job {
    pub password: Password,
    pub work: Work,
    /// Not begun after this instant.
    pub give_up_at: Instant,
}

/// Held by the one thread that takes memory besides its own.
pub(super) type Gate = Mutex<()>;

/// Does jobs until the queue is closed.
pub(super) fn run(jobs: &Receiver<Job>, params: &Params, dummy: &str, gate: &Gate) {
    yield_to_others();
    let mut worker = Worker { params, dummy, gate, memory: None };
    loop {
        match jobs.recv_timeout(IDLE) {
            Ok(job) => worker.take(job),
            Err(RecvTimeoutError::Timeout) => {
                worker.memory = None;
                match jobs.recv() {
                    Ok(job) => worker.take(job),
                    Err(_) => return,
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Lowers the priority of this thread, so that hashing under load does not keep token checks waiting. Best effort.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
        debug!(error:% = error; "hashing threads keep their priority");
    }
}

struct Worker<'a> {
    params: &'a Params,
    dummy: &'a str,
    gate: &'a Gate,
    /// Reused from hash to hash: allocating it each time costs more than half of the hashing.
    memory: Option<Memory>,
}

impl Worker<'_> {
    /// A job that nobody waits for any more, or that has waited too long, is dropped undone.
    fn take(&mut self, job: Job) {
        if job.work.is_abandoned() || Instant::now() > job.give_up_at {
            return;
        }
        if catch_unwind(AssertUnwindSafe(|| self.work(job))).is_err() {
            error!("hashing a password panicked");
            self.memory = None;
        }
    }

    fn work(&mut self, job: Job) {
        // Whoever asked may be gone by now: then nobody misses the answer.
        match job.work {
            Work::Hash(done) => {
                if let Some(phc) = self.hash(job.password.expose()) {
                    let _ = done.send(phc);
                }
            }
            Work::Verify { phc, done } => {
                let _ = done.send(self.verify(job.password.expose(), &phc));
            }
            #[cfg(test)]
            Work::Panic(_done) => panic!("a test asked for it"),
        }
    }

    fn hash(&mut self, password: &[u8]) -> Option<String> {
        let salt: [u8; 16] = random_bytes();
        let mut output = Zeroizing::new([0; Params::DEFAULT_OUTPUT_LEN]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        self.argon2(&argon2, password, &salt, output.as_mut_slice()).then(|| phc(self.params, &salt, &output))
    }

    /// A string that cannot be checked costs what any other costs, and matches nothing.
    fn verify(&mut self, password: &[u8], phc: &str) -> bool {
        let Ok(stored) = Stored::parse(phc) else {
            if let Ok(dummy) = Stored::parse(self.dummy) {
                dummy.matches(password, |argon2, salt, out| self.argon2(argon2, password, salt, out));
            }
            return false;
        };
        // Imported hashes, and ours from when more was set, may ask for several times the memory that is set now: it is taken
        // once, not once per thread.
        let _alone = stored
            .needs_more_memory_than(self.params.block_count())
            .then(|| self.gate.lock().unwrap_or_else(PoisonError::into_inner));
        stored.matches(password, |argon2, salt, out| self.argon2(argon2, password, salt, out))
    }

    /// Hashes in the thread's own memory; parameters that need more than today's get theirs for the one time.
    fn argon2(&mut self, argon2: &Argon2<'_>, password: &[u8], salt: &[u8], out: &mut [u8]) -> bool {
        let needed = argon2.params().block_count();
        let own = self.params.block_count();
        let done = if needed <= own {
            let memory = self.memory.get_or_insert_with(|| Memory::new(own));
            argon2.hash_password_into_with_memory(password, salt, out, &mut **memory)
        } else {
            argon2.hash_password_into(password, salt, out)
        };
        done.inspect_err(|error| error!(error:% = error; "a password cannot be hashed")).is_ok()
    }
}

/// The PHC string of an Argon2id hash.
pub(super) fn phc(params: &Params, salt: &[u8; 16], output: &[u8; Params::DEFAULT_OUTPUT_LEN]) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    format!(
        "$argon2id$v=19$m={},t={},p={}${}${}",
        params.m_cost(),
        params.t_cost(),
        params.p_cost(),
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    )
}

const _: () = assert!(Params::DEFAULT_OUTPUT_LEN <= Output::MAX_LENGTH);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_nobody_waits_for_or_that_waited_too_long_takes_no_memory() {
        let (params, gate) = (Params::new(64, 1, 1, None).unwrap(), Gate::default());
        let mut worker = Worker { params: &params, dummy: "", gate: &gate, memory: None };
        let password = Password::new("tulip");
        let past = Instant::now();
        let soon = past + Duration::from_mins(1);
        let (abandoned, _) = oneshot::channel();
        let (late, late_answer) = oneshot::channel();
        let (good, good_answer) = oneshot::channel();

        worker.take(Job { password: password.clone(), work: Work::Hash(abandoned), give_up_at: soon });
        worker.take(Job { password: password.clone(), work: Work::Hash(late), give_up_at: past });
        let after_both = worker.memory.is_some();
        worker.take(Job { password, work: Work::Hash(good), give_up_at: soon });

        assert!(!after_both && worker.memory.is_some());
        assert!(late_answer.blocking_recv().is_err());
        assert!(good_answer.blocking_recv().is_ok());
    }
}
