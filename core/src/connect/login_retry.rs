//! Logins that are tried again: refusals that pass by themselves, as Azure documents them.
//!
//! Driver 18.6 tries such a login once, whatever `ConnectRetryCount=` says, which it heeds for lost connections alone.
//! Microsoft.Data.SqlClient heeds both keywords at the login as well, within the login timeout, and so does this.

use super::request::ConnectRequest;
use crate::diagnostics::DriverRecord;
use std::time::Duration;

/// The refusals after which Microsoft's documents say to try again ("Transient fault error codes" of Azure SQL, and the
/// list of Microsoft.Data.SqlClient, which has 42109 of Synapse pools that wake up).
const TRANSIENT: [i32; 10] = [
    4221, 10_928, 10_929, 40_197, 40_501, 40_613, 42_109, 49_918, 49_919, 49_920,
];

/// No such database: also for a moment while one wakes up or moves, but most of the time for good.
const CANNOT_OPEN_DATABASE: i32 = 4060;

/// Azure's advice for the first pause; shorter ones burden a service that is in trouble already.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The further ones: what `ConnectRetryInterval=` is unless told.
const LATER_PAUSE: Duration = Duration::from_secs(10);

/// What is left of the login timeout for the last try, and the shortest pause before it.
const LAST_LOGIN: Duration = Duration::from_secs(1);

/// How often and when a login is tried again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoginRetries {
    /// `ConnectRetryCount=`; without it only the login timeout counts.
    limit: Option<u32>,
    /// `ConnectRetryInterval=`.
    interval: Option<Duration>,
    made: u32,
    transient_seen: bool,
}

/// Another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginRetry {
    /// The native error that it is made for.
    pub native: i32,
    /// How long to wait before it.
    pub pause: Duration,
}

impl LoginRetries {
    /// As string and data source say. A value out of its range is the driver's to refuse.
    pub(crate) fn read(request: &ConnectRequest<'_>) -> Self {
        let number = |names: &[&str]| request.get(names)?.trim().parse::<u32>().ok();
        let limit = number(&["ConnectRetryCount", "Connect Retry Count"]);
        let interval = number(&["ConnectRetryInterval", "Connect Retry Interval"]);
        Self {
            limit: limit.filter(|count| *count <= 255),
            interval: interval
                .filter(|seconds| (1..=60).contains(seconds))
                .map(|seconds| Duration::from_secs(seconds.into())),
            ..Self::default()
        }
    }

    /// How often the login was tried.
    #[must_use]
    pub fn logins(&self) -> u32 {
        self.made.saturating_add(1)
    }

    /// The next try after a login that ended with these records, where `remaining` is left of the login timeout.
    pub fn next(&mut self, records: &[DriverRecord], remaining: Duration) -> Option<LoginRetry> {
        let native = self.transient(records)?;
        if self.limit.is_some_and(|limit| self.made >= limit) {
            return None;
        }
        let pause = if let Some(interval) = self.interval {
            Some(interval).filter(|interval| *interval < remaining)
        } else {
            let wanted = if self.made == 0 { FIRST_PAUSE } else { LATER_PAUSE };
            // The last try uses what is left.
            let most = remaining.saturating_sub(LAST_LOGIN);
            Some(wanted.min(most)).filter(|pause| *pause >= LAST_LOGIN)
        }?;
        self.made += 1;
        Some(LoginRetry { native, pause })
    }

    /// The error among the records that may pass by itself.
    ///
    /// A database that cannot be opened counts where the same connect was refused for another such reason before, or
    /// where `ConnectRetryCount=` asks for tries: a name that is misspelt would else cost the whole login timeout.
    fn transient(&mut self, records: &[DriverRecord]) -> Option<i32> {
        let natives = || records.iter().map(|record| record.native);
        if let Some(native) = natives().find(|native| TRANSIENT.contains(native)) {
            self.transient_seen = true;
            return Some(native);
        }
        let counts = self.transient_seen || self.limit.is_some();
        natives().find(|native| counts && *native == CANNOT_OPEN_DATABASE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(native: i32) -> Vec<DriverRecord> {
        vec![DriverRecord {
            sqlstate: "42000".to_owned(),
            native,
            message: String::new(),
        }]
    }

    /// The pauses until no further try is made, where each login takes no time.
    fn pauses(mut retries: LoginRetries, timeout: u64, native: i32) -> Vec<u64> {
        let mut remaining = Duration::from_secs(timeout);
        let mut pauses = Vec::new();
        while let Some(retry) = retries.next(&records(native), remaining) {
            assert_eq!(retry.native, native);
            remaining -= retry.pause;
            pauses.push(retry.pause.as_secs());
        }
        assert_eq!(retries.logins() as usize, pauses.len() + 1);
        pauses
    }

    fn retries(limit: Option<u32>, interval: Option<u64>) -> LoginRetries {
        LoginRetries {
            limit,
            interval: interval.map(Duration::from_secs),
            ..LoginRetries::default()
        }
    }

    #[test]
    fn the_login_timeout_is_used_to_its_end() {
        let unlimited = || retries(None, None);
        assert_eq!(pauses(unlimited(), 15, 40_613), [5, 9]);
        assert_eq!(pauses(unlimited(), 60, 40_613), [5, 10, 10, 10, 10, 10, 4]);
        assert_eq!(pauses(unlimited(), 4, 40_613), [3]);
        assert_eq!(pauses(unlimited(), 1, 40_613), [0; 0]);
        for native in TRANSIENT {
            assert_eq!(pauses(unlimited(), 15, native), [5, 9], "{native}");
        }
    }

    #[test]
    fn the_keywords_set_number_and_pause_and_a_pause_that_does_not_fit_ends_it() {
        assert_eq!(pauses(retries(Some(0), None), 60, 40_613), [0; 0]);
        assert_eq!(pauses(retries(Some(2), None), 60, 40_613), [5, 10]);
        assert_eq!(pauses(retries(Some(3), Some(2)), 60, 40_613), [2, 2, 2]);
        assert_eq!(pauses(retries(None, Some(6)), 15, 40_613), [6, 6]);
        assert_eq!(pauses(retries(None, Some(60)), 15, 40_613), [0; 0]);
    }

    #[test]
    fn a_database_that_cannot_be_opened_is_tried_again_while_one_wakes_up_and_on_request() {
        assert_eq!(pauses(retries(None, None), 60, 4060), [0; 0]);
        assert_eq!(pauses(retries(Some(1), Some(1)), 60, 4060), [1]);
        let mut waking = retries(None, None);
        let remaining = Duration::from_mins(1);
        assert!(waking.next(&records(40_613), remaining).is_some());
        assert!(waking.next(&records(4060), remaining).is_some());
        assert_eq!(pauses(retries(Some(9), Some(1)), 60, 18_456), [0; 0]);
    }
}
