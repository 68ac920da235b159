//! The server's clock, which is in UTC as in Azure SQL.

use crate::sql_server::value::moment::Moment;
use crate::sql_server::value::{Datum, SqlType, Value};

pub(super) fn now(sql_type: SqlType) -> Value {
    let now = Moment::now();
    let datum = now
        .fitted(&SqlType::DateTime2(7), &sql_type)
        .map_or(Datum::Null, Datum::Moment);
    Value { sql_type, datum }
}
