//! The order of values, for comparisons, ORDER BY and keys.

use std::cmp::Ordering;

use super::{Datum, Value, guid};

impl Value {
    /// The order of two values of comparable types that are not NULL; `None` if the types do not compare.
    pub(in crate::sql_server) fn order(&self, other: &Self) -> Option<Ordering> {
        match (&self.datum, &other.datum) {
            (Datum::Integer(left), Datum::Integer(right)) => Some(left.cmp(right)),
            (Datum::Text(left), Datum::Text(right)) => Some(compare_text(left, right)),
            (Datum::Bytes(left), Datum::Bytes(right)) => Some(compare_bytes(left, right)),
            (Datum::Moment(left), Datum::Moment(right)) => {
                Some((left.days, left.ticks).cmp(&(right.days, right.ticks)))
            }
            (Datum::Guid(left), Datum::Guid(right)) => Some(guid::sort_key(left).cmp(&guid::sort_key(right))),
            (Datum::Decimal(_) | Datum::Integer(_), Datum::Decimal(_) | Datum::Integer(_)) => {
                self.order_exactly(other).or_else(|| self.order_as_floats(other))
            }
            (
                Datum::Float(_) | Datum::Decimal(_) | Datum::Integer(_),
                Datum::Float(_) | Datum::Decimal(_) | Datum::Integer(_),
            ) => self.order_as_floats(other),
            _ => None,
        }
    }

    /// `None` where a common scale would not fit.
    fn order_exactly(&self, other: &Self) -> Option<Ordering> {
        let scale = self.sql_type.scale().max(other.sql_type.scale());
        Some(self.scaled(scale)?.cmp(&other.scaled(scale)?))
    }

    fn order_as_floats(&self, other: &Self) -> Option<Ordering> {
        self.as_float()?.partial_cmp(&other.as_float()?)
    }

    /// An exact number in units of 10 to the power of minus `scale`, which is not less than its own.
    pub(in crate::sql_server) fn scaled(&self, scale: u8) -> Option<i128> {
        let (value, own) = match &self.datum {
            Datum::Integer(value) => (i128::from(*value), 0),
            Datum::Decimal(value) => (*value, self.sql_type.scale()),
            _ => return None,
        };
        value.checked_mul(10_i128.checked_pow(u32::from(scale.checked_sub(own)?))?)
    }
}

/// The collation does not distinguish upper and lower case, nor trailing blanks.
fn compare_text(left: &[u16], right: &[u16]) -> Ordering {
    folded(left).cmp(folded(right))
}

/// The units of a text as the collation compares them.
pub(in crate::sql_server) fn folded(units: &[u16]) -> impl Iterator<Item = u16> + '_ {
    const BLANK: u16 = 0x20;
    let length = units
        .iter()
        .rposition(|unit| *unit != BLANK)
        .map_or(0, |last| last + 1);
    units
        .get(..length)
        .unwrap_or_default()
        .iter()
        .map(|unit| match u8::try_from(*unit) {
            Ok(byte) if byte.is_ascii() => byte.to_ascii_lowercase().into(),
            _ => lower(*unit),
        })
}

fn lower(unit: u16) -> u16 {
    let mut lower = char::from_u32(unit.into()).map(char::to_lowercase);
    let first = lower.as_mut().and_then(Iterator::next);
    first
        .and_then(|first| u16::try_from(u32::from(first)).ok())
        .unwrap_or(unit)
}

/// Trailing zeros do not count.
fn compare_bytes(left: &[u8], right: &[u8]) -> Ordering {
    fn significant(bytes: &[u8]) -> &[u8] {
        let length = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        bytes.get(..length).unwrap_or_default()
    }
    significant(left).cmp(significant(right))
}
