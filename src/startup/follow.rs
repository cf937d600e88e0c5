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

/// Follows `source` until the task is dropped.
pub(super) async fn follow(running: Running, source: Source, levels: Levels, mut hang_up: Signal) {
    let mut looks = Looks::default();
    loop {
        tokio::select! {
            _ = hang_up.recv() => {
                info!("SIGHUP: reading the configuration again");
                read_again(&running, &source, &levels).await;
            }
            () = tokio::time::sleep(LOOK) => {
                if looks.are_news(look(&source).await) {
                    read_again(&running, &source, &levels).await;
                }
            }
        }
    }
}

/// What the last look saw, and what was read.
#[derive(Default)]
struct Looks {
    seen: Option<Stamp>,
    read: Option<Stamp>,
}

impl Looks {
    /// Whether the file has to be read: two looks in a row have seen the same, so nobody is writing it, and it is not what was read last.
    /// The first thing seen is news, because the file may have changed while the server started.
    fn are_news(&mut self, now: Stamp) -> bool {
        let is_settled = self.seen.as_ref() == Some(&now);
        let is_news = is_settled && self.read.as_ref() != Some(&now);
        if is_news {
            self.read = Some(now.clone());
        }
        self.seen = Some(now);
        is_news
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
            error!(cause:% = format!("{cause:#}"); "the configuration was not taken");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_nobody_writes_it_any_more_and_once_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.toml");
        let source = Source::new(Some(&path), []);
        let mut looks = Looks::default();
        let mut news = Vec::new();

        for content in ["a", "a", "a", "", "b", "b", "a", "a"] {
            std::fs::write(&path, content).unwrap();
            news.push(looks.are_news(source.stamp()));
        }

        assert_eq!(news, [false, true, false, false, false, true, false, true]);
    }
}
