//! The phases of a connect and their durations, from the timestamps of the driver's log.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The phases of one connect, in milliseconds; `None` for one that did not take place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Phases {
    /// Finding and loading the target driver, in the first connect of a process only.
    pub driver: Option<f64>,
    /// Asking the server for its tenant.
    pub tenant: Option<f64>,
    /// Getting the token.
    pub token: Option<f64>,
    /// TLS and login, by the target driver.
    pub login: Option<f64>,
    /// The whole connect.
    pub total: f64,
}

/// The names of the phases, in the order of [`Phases::values`].
pub const NAMES: [&str; 5] = [
    "driver load",
    "tenant probe",
    "token",
    "TLS and login",
    "connect in all",
];

impl Phases {
    /// The durations, in the order of [`NAMES`].
    pub fn values(&self) -> [Option<f64>; 5] {
        [self.driver, self.tenant, self.token, self.login, Some(self.total)]
    }

    /// Reads the phases of the connect from `start` to `end`, in microseconds since 1970.
    pub fn from_log(log: &str, start: u64, end: u64) -> Self {
        let within = |(at, _): &(u64, &str)| (start..=end).contains(at);
        let lines: Vec<_> = log.lines().filter_map(parse_line).filter(within).collect();
        let find = |words: &str| lines.iter().find(|(_, text)| text.contains(words));
        let loaded = find("loaded the target driver").map(|(at, _)| *at);
        let token = find(": token mode=").map(|(at, _)| *at);
        let tenant = find("the server told its tenant").and_then(|(_, text)| field(text, "milliseconds="));
        let before_token = loaded.unwrap_or(start);
        Self {
            driver: loaded.map(|at| milliseconds(start, at)),
            tenant,
            token: token.map(|at| (milliseconds(before_token, at) - tenant.unwrap_or(0.0)).max(0.0)),
            login: Some(milliseconds(token.unwrap_or(before_token), end)),
            total: milliseconds(start, end),
        }
    }
}

/// The timestamp of a line in microseconds since 1970, and the line.
fn parse_line(text: &str) -> Option<(u64, &str)> {
    let (time, _) = text.split_once(' ')?;
    let nanoseconds = OffsetDateTime::parse(time, &Rfc3339).ok()?.unix_timestamp_nanos();
    Some((u64::try_from(nanoseconds / 1000).ok()?, text))
}

fn field(text: &str, name: &str) -> Option<f64> {
    let (_, rest) = text.split_once(name)?;
    rest.split_whitespace().next()?.parse().ok()
}

#[allow(
    clippy::cast_precision_loss,
    reason = "spans of time are far from 2^52 microseconds"
)]
fn milliseconds(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
2026-03-01T12:00:00.010000Z  INFO entra_odbc::odbc::target_driver: loaded the target driver path=/x.so
2026-03-01T12:00:00.030000Z  INFO entra_odbc: the server told its tenant host=\"x\" tenant=\"t\" milliseconds=8
2026-03-01T12:00:00.050000Z  INFO entra_odbc: token mode=\"Msi\" source=Requested milliseconds=40
2026-03-01T12:00:00.090000Z  INFO entra_odbc: connected mode=\"Msi\"
2026-03-01T12:00:01.005000Z  INFO entra_odbc: token mode=\"Msi\" source=Cached milliseconds=0
";

    #[test]
    fn phases_are_read_from_the_log() {
        let start = 1_772_366_400_000_000;
        let first = Phases::from_log(LOG, start, start + 91_000);
        assert_eq!(
            first.values(),
            [Some(10.0), Some(8.0), Some(32.0), Some(41.0), Some(91.0)]
        );
        let second = Phases::from_log(LOG, start + 1_000_000, start + 1_020_000);
        assert_eq!(second.values(), [None, None, Some(5.0), Some(15.0), Some(20.0)]);
        let without_log = Phases::from_log("", start, start + 2000);
        assert_eq!(without_log.values(), [None, None, None, Some(2.0), Some(2.0)]);
    }
}
