//! Logs: what is written, how, and by whom. Who logs never waits for who reads.

mod format;
mod levels;
mod writer;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use env_logger::{Builder, Target, WriteStyle};
use log::{LevelFilter, warn};

use crate::settings::{LogFormat, LogSettings};
use levels::Switched;
use writer::Queue;

pub use levels::Levels;

/// Writes what is queued when it goes.
#[must_use = "records that are still queued are written when this goes"]
pub struct LogGuard(Option<Queue>, Levels);

impl LogGuard {
    /// What changes the levels while the program runs.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.1.clone()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(queue) = &self.0 {
            queue.flush(Duration::from_secs(2));
        }
    }
}

/// Starts logging to stderr. `RUST_LOG` wins over the settings. A second start changes nothing.
pub fn start(settings: &LogSettings) -> LogGuard {
    let (queue, target) = match Queue::start(Box::new(io::stderr()), tell_dropped) {
        Ok(queue) => (Some(queue.clone()), Target::Pipe(Box::new(queue))),
        // Without a thread, logs are written where they arise.
        Err(_) => (None, Target::Stderr),
    };
    let rust_log = std::env::var("RUST_LOG").unwrap_or_default();
    let logger = logger(settings, &rust_log, target, style());
    let levels = logger.levels.clone();
    if log::set_boxed_logger(Box::new(logger)).is_err() {
        return LogGuard(None, Levels::new("off", ""));
    }
    levels.announce();
    if let Some(fault) = levels::fault(&rust_log) {
        warn!(rust_log:%, fault:%; "RUST_LOG cannot be read, [log] level counts");
    }
    LogGuard(queue, levels)
}

fn tell_dropped(count: u64) {
    warn!(count; "log records were dropped: they are not read as fast as they come");
}

fn style() -> WriteStyle {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if io::stderr().is_terminal() && !is_plain { WriteStyle::Always } else { WriteStyle::Never }
}

fn logger(settings: &LogSettings, rust_log: &str, target: Target, style: WriteStyle) -> Switched {
    let mut builder = Builder::new();
    builder.filter_level(LevelFilter::Trace).target(target).write_style(style);
    match settings.format {
        LogFormat::Text => builder.format(format::text),
        LogFormat::Json => builder.format(format::json),
    };
    Switched { levels: Levels::new(&settings.level, rust_log), inner: builder.build() }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use log::{Level, Log as _, Record};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(buf);
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, rust_log: &str, records: impl FnOnce(&Switched)) -> String {
        let sink = Sink::default();
        let settings = LogSettings { level: "info".to_owned(), format };
        let logger = logger(&settings, rust_log, Target::Pipe(Box::new(sink.clone())), WriteStyle::Never);
        records(&logger);
        String::from_utf8(sink.0.lock().unwrap().clone()).unwrap()
    }

    fn record(logger: &Switched, level: Level, target: &str, message: &str) {
        logger.log(&Record::builder().level(level).target(target).args(format_args!("{message}")).build());
    }

    #[test]
    fn a_record_is_one_json_object_with_its_values() {
        let line = written(LogFormat::Json, "", |logger| {
            let values =
                [("user", log::kv::Value::from("a\"\n")), ("count", 3.into()), ("level", true.into())];
            let args = format_args!("one\ntwo");
            let record =
                Record::builder().level(Level::Info).target("t").args(args).key_values(&values).build();
            logger.log(&record);
        });

        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(crate::clock::parse_rfc3339(object["time"].as_str().unwrap()).is_some());
        assert_eq!(object["level"], "INFO");
        assert_eq!(object["target"], "t");
        assert_eq!(object["message"], "one\ntwo");
        assert_eq!(object["user"], "a\"\n");
        assert_eq!(object["count"], 3);
        assert_eq!(object["level_"], true);
    }

    #[test]
    fn a_text_record_stays_on_its_line() {
        let line = written(LogFormat::Text, "", |logger| {
            let values = [("user", log::kv::Value::from("x\n2026 ERROR")), ("id", 3.into())];
            let args = format_args!("one\u{1b}[2J\ntwo");
            let record =
                Record::builder().level(Level::Warn).target("t").args(args).key_values(&values).build();
            logger.log(&record);
        });

        assert!(line.ends_with(" WARN  t one\\u{1b}[2J\\ntwo user=\"x\\n2026 ERROR\" id=3\n"), "{line:?}");
    }

    #[test]
    fn statements_are_left_out_unless_they_are_asked_for() {
        let all = |logger: &Switched| {
            record(logger, Level::Warn, "sqlx::query", "slow SELECT");
            record(logger, Level::Info, "sqlx::pool", "pool");
            record(logger, Level::Debug, "twostep", "debug");
            record(logger, Level::Info, "twostep", "info");
        };

        assert_eq!(written(LogFormat::Text, "", all).lines().count(), 1);
        assert_eq!(written(LogFormat::Text, "debug", all).lines().count(), 2);
        assert_eq!(written(LogFormat::Text, "debug,sqlx::query=debug", all).lines().count(), 3);
    }

    #[test]
    fn a_filter_that_cannot_be_read_silences_nothing() {
        let info = |logger: &Switched| record(logger, Level::Info, "twostep", "info");

        for rust_log in ["foo=bar=baz", "twostep=loud", "info,foo=bar=baz", "a/b/c", " "] {
            assert_eq!(written(LogFormat::Text, rust_log, info).lines().count(), 1, "{rust_log}");
        }
        assert_eq!(written(LogFormat::Text, "error", info), "");
    }
}
