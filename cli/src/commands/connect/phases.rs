//! The phases of a connect and their durations, from the events of the driver's log.

use super::connector::LogLine;

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
    ///
    /// The library that logs may be of another version: an event or a field that it does not write is a phase that is
    /// not known.
    pub fn from_log(log: &str, start: u64, end: u64) -> Self {
        let within = |line: &LogLine<'_>| (start..=end).contains(&line.at);
        let lines: Vec<_> = log.lines().filter_map(LogLine::parse).filter(within).collect();
        let took = |event: &str| lines.iter().find(|line| line.event == event)?.ms;
        let tenant = took("tenant_discovered");
        Self {
            driver: took("driver_loaded"),
            tenant,
            // The server is asked for its tenant on the way to the token.
            token: took("token_acquired").map(|ms| (ms - tenant.unwrap_or(0.0)).max(0.0)),
            login: took("connected"),
            total: milliseconds(start, end),
        }
    }
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
2026-03-01T12:00:00.010000Z  INFO entra_odbc: event=driver_loaded path=/x.so ms=10.000
2026-03-01T12:00:00.030000Z  INFO entra_odbc: event=tenant_discovered server=x tenant=t ms=8.250
2026-03-01T12:00:00.050000Z  INFO entra_odbc: event=token_acquired mode=Msi source=request ms=40.500
2026-03-01T12:00:00.090000Z  INFO entra_odbc: event=connected mode=Msi ms=41.000
2026-03-01T12:00:01.005000Z  INFO entra_odbc: event=token_acquired mode=Msi source=cache ms=0.004
2026-03-01T12:00:01.019000Z  INFO entra_odbc: event=connected mode=Msi ms=15.000
";

    const START: u64 = 1_772_366_400_000_000;

    #[test]
    fn phases_are_read_from_the_log() {
        let first = Phases::from_log(LOG, START, START + 91_000);
        assert_eq!(
            first.values(),
            [Some(10.0), Some(8.25), Some(32.25), Some(41.0), Some(91.0)]
        );
        let second = Phases::from_log(LOG, START + 1_000_000, START + 1_020_000);
        assert_eq!(second.values(), [None, None, Some(0.004), Some(15.0), Some(20.0)]);
    }

    #[test]
    fn a_library_that_writes_other_lines_leaves_the_phases_open() {
        let prose = LOG.replace("event=", "the ").replace("ms=", "milliseconds=");
        for log in ["", &prose] {
            let phases = Phases::from_log(log, START, START + 2000);
            assert_eq!(phases.values(), [None, None, None, None, Some(2.0)]);
        }
    }
}
