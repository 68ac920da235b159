//! The log: off unless `ENTRA_ODBC_LOG` names a level; one line per decision, never a secret.

use crate::Environment;
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, registry};

/// The target of every line of ours; what libraries below us would log is left out.
const TARGET: &str = "entra_odbc";

/// Starts the log as `ENTRA_ODBC_LOG` (`error`, `warn`, `info`, `debug` or `trace`) and
/// `ENTRA_ODBC_LOG_FILE` (else standard error) say.
///
/// The second call and later ones do nothing. The subscriber is that of this library's own copy of
/// `tracing`, so a host in Rust keeps its own. A file that cannot be opened gives way to standard
/// error, since a log is no reason to fail a connect.
pub fn start(environment: &Environment) {
    let Some(level) = environment.get("ENTRA_ODBC_LOG") else {
        return;
    };
    let level: LevelFilter = level.trim().parse().unwrap_or(LevelFilter::INFO);
    let file = environment
        .get("ENTRA_ODBC_LOG_FILE")
        .and_then(|path| open(Path::new(&path)).ok());
    let filter = Targets::new().with_target(TARGET, level);
    let format = fmt::layer().with_ansi(false).log_internal_errors(false);
    // An error means that another call was first.
    let _ = match file {
        // Written to without a lock of ours: a child forked meanwhile must not find one held.
        Some(file) => tracing::subscriber::set_global_default(
            registry().with(format.with_writer(Arc::new(file)).with_filter(filter)),
        ),
        None => tracing::subscriber::set_global_default(
            registry().with(format.with_writer(|| StandardError).with_filter(filter)),
        ),
    };
}

/// Standard error without std's lock, which a child forked meanwhile might find held.
struct StandardError;

impl Write for StandardError {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        Ok(nix::unistd::write(io::stderr(), line)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appended to, and made for the owner's eyes only: it names principals and servers.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}
