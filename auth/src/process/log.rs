//! The log: off unless `ENTRA_ODBC_LOG` names a level or the host listens; one line per decision, never a secret.
//!
//! A minimal `tracing` subscriber without spans, which ignores the libraries below. It belongs to this library's
//! copy of `tracing`, so a host written in Rust keeps its own subscriber.

mod listener;

pub use listener::{Callback, Level, listen, listen_no_more};

use crate::{Environment, calendar, os::file, plain_text};
use listener::LISTENER;
use once_cell::race::OnceBox;
use std::{
    fmt::{self, Write as _},
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, SystemTime},
};
use tracing::{
    Event, Metadata, Subscriber,
    callsite::rebuild_interest_cache,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

/// The prefix of our targets. Lines of other libraries are ignored.
const TARGET: &str = "entra_odbc";

/// The destination and level that the environment sets.
static OWNERS: OnceBox<Owners> = OnceBox::new();

struct Owners {
    level: LevelFilter,
    file: Option<File>,
}

/// Starts the log as `ENTRA_ODBC_LOG` (`error`, `warn`, `info`, `debug` or `trace`) and
/// `ENTRA_ODBC_LOG_FILE` (else standard error) say.
///
/// The second call and later ones do nothing. A file that cannot be opened gives way to standard
/// error, since a log is no reason to fail a connect.
// Inlined, as is what it asks the environment by: loading the library then touches fewer pages of it, which the kernel
// brings in by 64 KiB.
#[inline]
pub fn start(environment: &Environment) {
    if let Some(level) = environment.get("ENTRA_ODBC_LOG") {
        start_at(&level, environment);
    }
}

#[cold]
fn start_at(level: &str, environment: &Environment) {
    if OWNERS.get().is_some() {
        return;
    }
    let owners = Owners {
        level: level.trim().parse().unwrap_or(LevelFilter::INFO),
        file: environment
            .get("ENTRA_ODBC_LOG_FILE")
            .and_then(|path| file::open_log(Path::new(&path)).ok()),
    };
    if OWNERS.set(Box::new(owners)).is_ok() {
        install();
    }
}

/// Enables the subscriber with the current levels.
fn install() {
    // An error means that the subscriber is already installed; then only the levels may have changed.
    if tracing::subscriber::set_global_default(Log).is_err() {
        rebuild_interest_cache();
    }
}

/// Writes each line to the configured destinations.
struct Log;

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = self.max_level_hint().unwrap_or(LevelFilter::OFF);
        !metadata.is_span() && metadata.target().starts_with(TARGET) && *metadata.level() <= level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let owners = OWNERS.get().map_or(LevelFilter::OFF, |owners| owners.level);
        Some(owners.max(LISTENER.level()))
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::with_capacity(256));
        event.record(&mut line);
        let (level, text) = (*event.metadata().level(), line.0.as_str());
        if let Some(owners) = OWNERS.get().filter(|owners| level <= owners.level) {
            owners.write(level, text);
        }
        LISTENER.enqueue(level.into(), text);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// The fields, each as `name=value`, `event` first.
struct Line(String);

impl Line {
    /// Adds a field on the one line that it is, whatever endpoints and servers put into their own words.
    fn add(&mut self, name: &str, value: &str) {
        let value = plain_text::fit(value);
        let is_bare = |c: char| !c.is_whitespace() && !matches!(c, '"' | '=');
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = if !value.is_empty() && value.chars().all(is_bare) {
            write!(self.0, "{name}={value}")
        } else {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            write!(self.0, "{name}=\"{value}\"")
        };
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), &format!("{value:?}"));
    }
}

/// A duration as the field `ms` of a line has it: milliseconds, with microseconds behind the point.
#[derive(Debug, Clone, Copy)]
pub struct Milliseconds(pub Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0.as_millis(), self.0.subsec_micros() % 1000)
    }
}

impl Owners {
    /// One `write` without any lock: a lock held during a fork would stay held in the child.
    fn write(&self, level: tracing::Level, text: &str) {
        let line = format!(
            "{} {level:>5} {TARGET}: {text}\n",
            calendar::rfc3339(SystemTime::now())
        );
        // A log that cannot be written must not make a connect fail.
        let _ = match &self.file {
            Some(file) => { file }.write(line.as_bytes()),
            None => file::write_to_stderr(line.as_bytes()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_our_own_are_written() {
        listen(Level::Trace, std::sync::Arc::new(|_, _| {}));
        tracing::subscriber::with_default(Log, || {
            assert!(tracing::enabled!(target: "entra_odbc::odbc", tracing::Level::TRACE));
            assert!(!tracing::enabled!(target: "azure_core::http", tracing::Level::ERROR));
            assert!(!tracing::enabled!(target: "hyper", tracing::Level::ERROR));
        });
        listen_no_more();
    }

    #[test]
    fn a_line_is_a_list_of_fields() {
        let mut line = Line(String::new());
        line.add("event", "token_failed");
        line.add("error", "no \"token\" \\ here");
        line.add("ms", &Milliseconds(Duration::from_micros(12_034)).to_string());
        line.add("who", "");
        assert_eq!(
            line.0,
            r#"event=token_failed error="no \"token\" \\ here" ms=12.034 who="""#
        );
    }

    #[test]
    fn a_value_with_a_line_end_in_it_makes_no_second_line() {
        let mut line = Line(String::new());
        line.add("error", "refused:\r\n2026-01-01 \u{1b}[2J");
        assert_eq!(line.0, "error=\"refused:  2026-01-01  [2J\"");
        for text in plain_text::tests::hostile() {
            let mut line = Line(String::new());
            line.add("error", &text);
            assert!(
                !line.0.contains(plain_text::is_harmful),
                "{line:?}",
                line = line.0
            );
        }
        let mut line = Line(String::new());
        line.add("host", "contoso PWD=s3cret");
        line.add("sent", "1");
        assert_eq!(line.0, "host=\"contoso PWD=***\" sent=1");
    }
}
