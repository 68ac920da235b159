//! Points in time by the calendar, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};
use time::UtcDateTime;

/// The date and time of day; the beginning of 1970 for a time that is earlier, or later than the year 9999.
///
/// The `time` crate's own conversion from `SystemTime` panics there, and clocks and expiry times come from elsewhere.
#[must_use]
pub fn utc(time: SystemTime) -> UtcDateTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i128::try_from(since.as_nanos())
        .ok()
        .and_then(|nanoseconds| UtcDateTime::from_unix_timestamp_nanos(nanoseconds).ok())
        .unwrap_or(UtcDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_that_the_calendar_does_not_have_is_the_beginning_of_1970() {
        assert_eq!(
            utc(UNIX_EPOCH + Duration::from_hours(24)).date().to_string(),
            "1970-01-02"
        );
        assert_eq!(utc(UNIX_EPOCH - Duration::from_secs(1)), UtcDateTime::UNIX_EPOCH);
        assert_eq!(
            utc(UNIX_EPOCH + Duration::from_secs(1 << 40)),
            UtcDateTime::UNIX_EPOCH
        );
    }
}
