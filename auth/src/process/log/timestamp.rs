//! The time of a line, as RFC 3339 writes it, in UTC.

use crate::calendar;
use std::time::SystemTime;

/// `2026-01-02T03:04:05.678901Z`.
pub fn rfc3339(time: SystemTime) -> String {
    let time = calendar::utc(time);
    // The time crate's RFC 3339 drops trailing zeros of the fraction; the lines of a log are to align.
    let (date, (hour, minute, second, microsecond)) = (time.date(), time.as_hms_micro());
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

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
