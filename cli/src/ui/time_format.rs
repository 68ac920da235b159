//! Points in time as people and scripts read them.

use std::time::{Duration, SystemTime};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// `2026-03-01T12:00:00Z`.
pub fn timestamp(time: SystemTime) -> String {
    let seconds = OffsetDateTime::from(time).replace_nanosecond(0);
    seconds
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// `1 h 2 min`, `59 s`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
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
    fn times_are_written_for_scripts_and_spans_for_people() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_772_366_400_123);
        assert_eq!(timestamp(time), "2026-03-01T12:00:00Z");
        for (seconds, text) in [
            (59, "59 s"),
            (120, "2 min"),
            (3725, "1 h 2 min"),
            (200_000, "2 days"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
