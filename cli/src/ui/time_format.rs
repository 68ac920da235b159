//! Points in time and durations as they are printed.

use entra_auth::calendar;
use std::time::{Duration, SystemTime};

/// `2026-03-01T12:00:00Z`.
pub fn rfc3339(time: SystemTime) -> String {
    let time = calendar::utc(time);
    let (date, (hour, minute, second)) = (time.date(), time.as_hms());
    format!("{date}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `1 h 2 min`, `59 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_for_scripts_and_durations_for_people() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_772_366_400_123);
        assert_eq!(rfc3339(time), "2026-03-01T12:00:00Z");
        for (seconds, text) in [
            (59, "59 s"),
            (120, "2 min"),
            (3725, "1 h 2 min"),
            (200_000, "2 days"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }
}
