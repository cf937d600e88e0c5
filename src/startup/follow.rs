//! The configuration file, followed: when it changes or SIGHUP comes, it is read again.

use std::time::Duration;

use log::{error, info};
use tokio::signal::unix::Signal;

use super::logging::Levels;
use super::{ReloadError, Running};
use crate::settings::{Source, Stamp};

/// How often, in real time, the file is looked at. Looking finds what notifications miss: bind mounts, network file systems, links that are
/// put elsewhere, and editors that put a new file in the old one's place.
const LOOK: Duration = Duration::from_millis(300);

/// Follows `source` until the task is dropped. A file is read when two looks in a row have seen the same: one that is being written is not.
pub(super) async fn follow(running: Running, source: Source, levels: Levels, mut hang_up: Signal) {
    let mut read: Option<Stamp> = None;
    let mut seen: Option<Stamp> = None;
    loop {
        tokio::select! {
            _ = hang_up.recv() => {
                info!("SIGHUP: reading the configuration again");
                read_again(&running, &source, &levels).await;
            }
            () = tokio::time::sleep(LOOK) => {
                let now = Some(look(&source).await);
                // The first time too: the file may have changed while the server started.
                if seen == now && read != now {
                    read.clone_from(&now);
                    read_again(&running, &source, &levels).await;
                }
                seen = now;
            }
        }
    }
}

async fn look(source: &Source) -> Stamp {
    let source = source.clone();
    // A look that panics has seen nothing.
    tokio::task::spawn_blocking(move || source.stamp()).await.unwrap_or_default()
}

async fn read_again(running: &Running, source: &Source, levels: &Levels) {
    match running.reload(source, Some(levels)).await {
        Ok(_) => {}
        Err(ReloadError::Faulty(faults)) => {
            for fault in &faults.0 {
                error!(fault:%; "the configuration is faulty and was not taken");
            }
        }
        Err(ReloadError::Failed(cause)) => {
            error!(cause:% = format!("{cause:#}"); "the configuration was not taken")
        }
    }
}
