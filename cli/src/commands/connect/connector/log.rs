//! The log of the driver in the connecting program, from which the times of a connect's parts are read.

use crate::system::file;
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A log file in a private directory; both are removed on drop.
pub struct Log {
    directory: PathBuf,
    /// The log file.
    pub path: PathBuf,
    /// The level that the user has set.
    user_level: Option<String>,
    /// The file that the user has set.
    user_file: Option<String>,
}

impl Log {
    /// Makes the directory; `None` where that fails, and then the parts of a connect have no times.
    pub fn new() -> Option<Self> {
        let directory = std::env::temp_dir().join(format!("entra-odbc-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&directory).ok()?;
        let set = |name| {
            std::env::var(name)
                .ok()
                .filter(|value: &String| !value.is_empty())
        };
        Some(Self {
            path: directory.join("log"),
            directory,
            user_level: set("ENTRA_ODBC_LOG"),
            user_file: set("ENTRA_ODBC_LOG_FILE"),
        })
    }

    /// The level that the user has set, and at least that of the lines with the times.
    pub fn level(&self) -> &str {
        match self.user_level.as_deref() {
            Some(more @ ("debug" | "trace")) => more,
            _ => "info",
        }
    }

    /// The log, which is passed on to where the user has set it.
    pub fn read(&self) -> String {
        let bytes = file::read(&self.path, 64 * 1024 * 1024)
            .ok()
            .flatten()
            .unwrap_or_default();
        if self.user_level.is_some() {
            let file = self
                .user_file
                .as_ref()
                .and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok());
            let _ = match file {
                Some(mut file) => file.write_all(&bytes),
                None => io::stderr().lock().write_all(&bytes),
            };
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A line of the log: when, what was decided, how long it took.
#[derive(Debug, PartialEq)]
pub struct LogLine<'a> {
    /// In microseconds since 1970.
    pub at: u64,
    /// The field `event`.
    pub event: &'a str,
    /// The field `ms`.
    pub ms: Option<f64>,
    /// The field `reason`, without its quotes.
    pub reason: Option<&'a str>,
}

impl<'a> LogLine<'a> {
    /// Reads `<time> <level> entra_odbc: event=… …`; `None` for a line of another form.
    pub fn parse(line: &'a str) -> Option<Self> {
        let (time, rest) = line.split_once(' ')?;
        let nanoseconds = OffsetDateTime::parse(time, &Rfc3339).ok()?.unix_timestamp_nanos();
        let (_, fields) = rest.split_once(": ")?;
        Some(Self {
            at: u64::try_from(nanoseconds / 1000).ok()?,
            event: field(fields, "event")?,
            ms: field(fields, "ms").and_then(|ms| ms.parse().ok()),
            reason: field(fields, "reason").map(|reason| reason.trim_matches('"')),
        })
    }
}

/// The value of a field.
fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let mut pairs = fields.split(|c: char| {
        let is_end = c == ' ' && !is_quoted;
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_by_its_fields_whatever_stands_in_quotes() {
        let line = r#"1970-01-01T00:00:00.000007Z  INFO entra_odbc: event=token_failed error="a \" ms=3 b" ms=5.250"#;
        let read = LogLine::parse(line).unwrap();
        assert_eq!((read.at, read.event, read.ms), (7, "token_failed", Some(5.25)));
        let line = r#"1970-01-01T00:00:00Z  INFO entra_odbc: event=ca_cache_off reason="no such slot""#;
        assert_eq!(LogLine::parse(line).unwrap().reason, Some("no such slot"));
        for other in [
            "",
            "1970-01-01T00:00:00Z  INFO entra_odbc: connected",
            "x INFO entra_odbc: event=connected",
        ] {
            assert_eq!(LogLine::parse(other), None, "{other}");
        }
    }
}
