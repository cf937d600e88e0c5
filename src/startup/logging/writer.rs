//! The one thread that writes logs, behind a bounded queue.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

/// Records that may wait.
const CAPACITY: usize = 4096;

enum Item {
    Record(Vec<u8>),
    Flush(Sender<()>),
}

/// Takes whole records and never waits: a record that finds no place is dropped and counted.
#[derive(Clone)]
pub(super) struct Queue {
    items: Sender<Item>,
    dropped: Arc<AtomicU64>,
}

impl Queue {
    /// Starts the thread that writes to `out`, and hands to `tell` how many records were dropped, once there is room again.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start(out: Box<dyn Write + Send>, tell: impl Fn(u64) + Send + 'static) -> io::Result<Self> {
        let (items, received) = bounded(CAPACITY);
        let queue = Self { items, dropped: Arc::default() };
        let dropped = Arc::clone(&queue.dropped);
        thread::Builder::new().name("log".to_owned()).spawn(move || run(&received, &dropped, out, tell))?;
        Ok(queue)
    }

    /// Waits until what is queued is written, but no longer than `patience`: nobody may be reading.
    pub(super) fn flush(&self, patience: Duration) {
        let (done, wait) = bounded(1);
        if self.items.send_timeout(Item::Flush(done), patience).is_ok() {
            let _ = wait.recv_timeout(patience);
        }
    }
}

impl Write for Queue {
    /// Takes `buf` as one record.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.items.try_send(Item::Record(buf.to_vec())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(buf.len())
    }

    /// Does not wait; see [`Queue::flush`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn run(items: &Receiver<Item>, dropped: &AtomicU64, out: Box<dyn Write + Send>, tell: impl Fn(u64)) {
    let mut out = BufWriter::new(out);
    // Errors are not told: there is nowhere to tell them.
    for item in items {
        match item {
            Item::Record(record) => {
                let _ = out.write_all(&record);
            }
            Item::Flush(done) => {
                let _ = out.flush();
                let _ = done.try_send(());
            }
        }
        if items.is_empty() {
            let _ = out.flush();
        }
        // Not before there is room: telling is a record as well.
        if items.len() <= CAPACITY / 2 && dropped.load(Ordering::Relaxed) > 0 {
            tell(dropped.swap(0, Ordering::Relaxed));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Hands on what is written, as long as somebody takes it.
    struct Reader(mpsc::SyncSender<Vec<u8>>);

    impl Write for Reader {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.send(buf.to_vec()).map_err(io::Error::other)?;
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_holds_nobody_up_and_counts_what_it_drops() {
        let (reader, taken) = mpsc::sync_channel(0);
        let (tell, told) = mpsc::channel();
        let tell = move |count| tell.send(count).unwrap();
        let mut queue = Queue::start(Box::new(Reader(reader)), tell).unwrap();

        for _ in 0..CAPACITY * 3 {
            queue.write_all(&[b'x'; 100]).unwrap();
        }
        queue.flush(Duration::from_millis(10));

        let written = thread::spawn(move || taken.iter().flatten().count() as u64 / 100);
        let dropped = told.recv().unwrap();
        drop(queue);
        assert_eq!(written.join().unwrap() + dropped, CAPACITY as u64 * 3);
    }

    #[test]
    fn a_flush_waits_for_what_is_queued() {
        let (reader, taken) = mpsc::sync_channel(1000);
        let mut queue = Queue::start(Box::new(Reader(reader)), |_| ()).unwrap();

        queue.write_all(b"one\n").unwrap();
        queue.write_all(b"two\n").unwrap();
        queue.flush(Duration::from_secs(5));

        assert_eq!(taken.try_iter().flatten().collect::<Vec<u8>>(), b"one\ntwo\n");
    }
}
