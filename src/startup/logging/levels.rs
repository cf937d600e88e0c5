//! Which records are written, changed while the program runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use env_filter::{Builder, Filter};
use env_logger::Logger;
use log::{Log, Metadata, Record};

/// Whose records are left out unless they are asked for: statements belong into no log, and a cookie that a client has altered
/// is nothing that an operator could act upon.
const QUIET: &str = "sqlx=warn,sqlx::query=off,sea_orm_migration=warn,actix_session=error";

/// The levels of the log. Cheap to clone.
#[derive(Clone)]
pub struct Levels {
    filter: Arc<ArcSwap<Filter>>,
    /// Whether `RUST_LOG` rules.
    fixed: bool,
}

impl Levels {
    /// By `rust_log` where it says anything that can be read, or else by `level`; both in the filter syntax of `env_logger`.
    pub(super) fn new(level: &str, rust_log: &str) -> Self {
        let fixed = !rust_log.trim().is_empty() && fault(rust_log).is_none();
        let filter = filter(if fixed { rust_log } else { level });
        Self { filter: Arc::new(ArcSwap::from_pointee(filter)), fixed }
    }

    /// Goes by `level` from now on, unless `RUST_LOG` rules.
    pub fn set(&self, level: &str) {
        if !self.fixed {
            self.filter.store(Arc::new(filter(level)));
            self.announce();
        }
    }

    /// Tells the `log` crate what can be left out without asking.
    pub(super) fn announce(&self) {
        log::set_max_level(self.filter.load().filter());
    }
}

/// Why `level` cannot be read.
pub(super) fn fault(level: &str) -> Option<String> {
    Builder::new().try_parse(level).err().map(|error| error.to_string())
}

fn filter(level: &str) -> Filter {
    Builder::new().parse(&format!("{QUIET},{level}")).build()
}

/// A logger behind [`Levels`].
pub(super) struct Switched {
    pub(super) levels: Levels,
    pub(super) inner: Logger,
}

impl Log for Switched {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.levels.filter.load().enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.levels.filter.load().matches(record) {
            self.inner.log(record);
        }
    }

    fn flush(&self) {
        self.inner.flush();
    }
}
