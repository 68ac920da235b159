//! Date and time of day in UTC, and their text form.

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

/// The time in UTC as RFC 3339 writes it, with microseconds: `2026-01-02T03:04:05.678901Z`.
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    let time = utc(time);
    // The time crate's RFC 3339 drops trailing zeros of the fraction; the lines of a log are to align.
    let (date, (hour, minute, second, microsecond)) = (time.date(), time.as_hms_micro());
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}Z")
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

    #[test]
    fn a_time_is_written_as_the_calendar_says() {
        // From `date -u -d @… +%FT%T`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000007Z"),
            (951_782_399, "2000-02-28T23:59:59.000007Z"),
            (951_782_400, "2000-02-29T00:00:00.000007Z"),
            (951_868_800, "2000-03-01T00:00:00.000007Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000007Z"),
        ] {
            let time = UNIX_EPOCH + Duration::new(seconds, 7000);
            assert_eq!(rfc3339(time), text);
        }
    }
}
