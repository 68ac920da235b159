//! The tables that are ranges of numbers: conditions on the number narrow the range.

use super::source::{Base, Relation};
use crate::sql_server::sql::operators;
use crate::sql_server::sql::syntax::{Expression, Operator};
use crate::sql_server::value::{Datum, Value};

/// The place of the number in a row.
const NUMBER: usize = 0;

fn bounds(base: &mut Base) -> Option<(&mut i32, &mut i32)> {
    match base {
        Base::Ints(first, last) | Base::Pairs(first, last) => Some((first, last)),
        _ => None,
    }
}

/// Whether some condition is never true: no row needs to be looked at.
pub(super) fn is_empty(relation: &Relation) -> bool {
    let never = |condition: &Expression| match condition {
        Expression::Literal(value) => operators::truth(value) != Some(true),
        _ => false,
    };
    relation.filter.iter().any(never)
}

/// Conditions that compare the number with a constant become bounds.
pub(super) fn narrow(relation: &mut Relation) {
    let Relation { base, filter, .. } = relation;
    let Some((first, last)) = bounds(base) else {
        return;
    };
    filter.retain(|condition| {
        let Some((operator, limit)) = limit(condition) else {
            return true;
        };
        match operator {
            Operator::Greater => *first = clamped(limit + 1).max(*first),
            Operator::GreaterOrEqual => *first = clamped(limit).max(*first),
            Operator::Less => *last = clamped(limit - 1).min(*last),
            Operator::LessOrEqual => *last = clamped(limit).min(*last),
            Operator::Equal => {
                *first = clamped(limit).max(*first);
                *last = clamped(limit).min(*last);
            }
            _ => return true,
        }
        false
    });
}

fn clamped(limit: i64) -> i32 {
    // The numbers begin with 1, so that a clamped bound leaves out what the exact one does.
    i32::try_from(limit.clamp(i32::MIN.into(), i32::MAX.into())).unwrap_or_default()
}

/// The comparison as one of the number with a whole constant, which is not near the ends of its type.
fn limit(condition: &Expression) -> Option<(Operator, i64)> {
    let Expression::Binary(operator, left, right) = condition else {
        return None;
    };
    match (&**left, &**right) {
        (Expression::Slot(NUMBER), Expression::Literal(value)) => Some((*operator, whole(value)?)),
        (Expression::Literal(value), Expression::Slot(NUMBER)) => Some((operator.turned()?, whole(value)?)),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value.datum {
        Datum::Integer(value) if value.unsigned_abs() < 1 << 62 => Some(value),
        _ => None,
    }
}

/// The least or the greatest number, if nothing else decides.
pub(super) fn extreme(relation: &Relation, argument: &Expression, greatest: bool) -> Option<Value> {
    let (Base::Ints(first, last) | Base::Pairs(first, last)) = &relation.base else {
        return None;
    };
    let plain = relation.filter.is_empty() && first <= last && *argument == Expression::Slot(NUMBER);
    plain.then(|| Value::int(if greatest { *last } else { *first }))
}

/// How many rows there are, if that can be told without looking at them.
pub(super) fn count(relation: &Relation) -> Option<i64> {
    if !relation.filter.is_empty() {
        return None;
    }
    match &relation.base {
        Base::Ints(first, last) | Base::Pairs(first, last) => {
            Some((i64::from(*last) - i64::from(*first) + 1).max(0))
        }
        Base::Stored(_, pages) => {
            let rows: usize = pages.iter().map(|page| page.len()).sum();
            i64::try_from(rows).ok()
        }
        _ => None,
    }
}

/// Whether rows come in the order of these keys by themselves.
pub(super) fn is_ordered(base: &Base, keys: &[(Expression, bool)]) -> bool {
    matches!(base, Base::Ints(..) | Base::Pairs(..))
        && matches!(keys.first(), Some((Expression::Slot(NUMBER), false)))
}

/// Takes the first rows only, if that can be said by the range.
pub(super) fn cut(relation: &mut Relation, count: u64) -> bool {
    if !relation.filter.is_empty() {
        return false;
    }
    let endless = relation.endless;
    let Some((first, last)) = bounds(&mut relation.base) else {
        return false;
    };
    let end = i64::from(*first).saturating_add_unsigned(count).saturating_sub(1);
    let end = clamped(end);
    *last = if endless && *first == 1 {
        end
    } else {
        end.min(*last)
    };
    true
}
