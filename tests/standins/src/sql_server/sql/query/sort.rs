//! ORDER BY.

use std::cmp::Ordering;

use super::ordinal;
use super::stream::Stream;
use crate::sql_server::sql::evaluate::unknown_column;
use crate::sql_server::sql::operators;
use crate::sql_server::sql::syntax::{Expression, OrderKey};
use crate::sql_server::storage::Column;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::Value;

/// Gives its rows once it has seen all.
pub(super) struct Sort {
    input: Option<Box<dyn Stream>>,
    /// Place in the row, and whether the largest comes first.
    keys: Vec<(usize, bool)>,
    /// What stands behind it is for sorting only.
    width: usize,
    rows: Vec<Vec<Value>>,
}

impl Sort {
    pub(super) fn new(input: Box<dyn Stream>, keys: Vec<(usize, bool)>, width: usize) -> Self {
        Self {
            input: Some(input),
            keys,
            width,
            rows: Vec::new(),
        }
    }

    fn compare(&self, left: &[Value], right: &[Value]) -> Ordering {
        for (at, descending) in &self.keys {
            let (Some(left), Some(right)) = (left.get(*at), right.get(*at)) else {
                continue;
            };
            // NULL comes before all values.
            let ordering = match (left.is_null(), right.is_null()) {
                (false, false) => operators::order(left, right)
                    .ok()
                    .flatten()
                    .unwrap_or(Ordering::Equal),
                (left, right) => right.cmp(&left),
            };
            let ordering = if *descending { ordering.reverse() } else { ordering };
            if ordering.is_ne() {
                return ordering;
            }
        }
        Ordering::Equal
    }
}

impl Stream for Sort {
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        let Some(input) = &mut self.input else {
            return Ok(false);
        };
        if input.pull(&mut self.rows)? {
            return Ok(true);
        }
        self.input = None;
        let mut sorted = std::mem::take(&mut self.rows);
        sorted.sort_by(|left, right| self.compare(left, right));
        for row in &mut sorted {
            row.truncate(self.width);
        }
        rows.append(&mut sorted);
        Ok(false)
    }
}

/// Where only the columns of the result may be named: after UNION ALL and DISTINCT.
pub(super) fn by_columns(
    input: Box<dyn Stream>,
    columns: &[Column],
    order: &[OrderKey],
) -> Result<Box<dyn Stream>, SqlError> {
    if order.is_empty() {
        return Ok(input);
    }
    let mut keys = Vec::new();
    for key in order {
        let place = match &key.expression {
            Expression::Column { qualifier, name } => Some(
                columns
                    .iter()
                    .position(|column| column.name.eq_ignore_ascii_case(name))
                    .ok_or_else(|| unknown_column(qualifier.as_deref(), name))?,
            ),
            _ => ordinal(key, columns.len())?,
        };
        let place = place.ok_or_else(|| {
            let text = "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.";
            SqlError::new(104, text)
        })?;
        keys.push((place, key.descending));
    }
    Ok(Box::new(Sort::new(input, keys, columns.len())))
}
