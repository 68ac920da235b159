//! The server's clock, which is in UTC as in Azure SQL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::sql_server::value::{Datum, SqlType, Value};
use crate::sql_server::wire::Put;

const SECONDS_A_DAY: u64 = 86_400;
/// From the first day of the type's own calendar to 1970-01-01.
const DAYS_SINCE_1900: u64 = 25_567;
const DAYS_SINCE_YEAR_1: u64 = 719_162;

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Days and three-hundredths of seconds, four bytes each.
pub(super) fn datetime() -> Value {
    let now = now();
    let days = now.as_secs() / SECONDS_A_DAY + DAYS_SINCE_1900;
    let ticks = now.as_secs() % SECONDS_A_DAY * 300 + u64::from(now.subsec_millis()) * 3 / 10;
    let mut bytes = Vec::new();
    bytes.put(days.to_le_bytes().get(..4).unwrap_or_default());
    bytes.put(ticks.to_le_bytes().get(..4).unwrap_or_default());
    Value {
        sql_type: SqlType::DateTime,
        datum: Datum::Bytes(bytes),
    }
}

/// Hundreds of nanoseconds in five bytes, days in three.
pub(super) fn datetime2() -> Value {
    let now = now();
    let days = now.as_secs() / SECONDS_A_DAY + DAYS_SINCE_YEAR_1;
    let ticks = now.as_secs() % SECONDS_A_DAY * 10_000_000 + u64::from(now.subsec_nanos()) / 100;
    let mut bytes = Vec::new();
    bytes.put(ticks.to_le_bytes().get(..5).unwrap_or_default());
    bytes.put(days.to_le_bytes().get(..3).unwrap_or_default());
    Value {
        sql_type: SqlType::DateTime2,
        datum: Datum::Bytes(bytes),
    }
}
