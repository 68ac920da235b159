//! Rows, a batch at a time, so that whoever runs a query can hear its client in between.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::source::Base;
use crate::sql_server::sql::evaluate::{Row, Scope};
use crate::sql_server::sql::syntax::Expression;
use crate::sql_server::sql::tables::pair;
use crate::sql_server::storage::{Column, Page, Pages, Table, decode};
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{Datum, SqlType, Value, compare};

/// Rows of the base that are looked at for one batch.
const WORK: usize = 2048;

/// What gives rows.
pub(in crate::sql_server) trait Stream: Send {
    /// Appends some rows, perhaps none; false when that was all.
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError>;
}

/// A place in a base.
enum Cursor {
    One(bool),
    Ints(std::ops::RangeInclusive<i32>),
    Pairs(std::ops::RangeInclusive<i32>),
    Stored(StoredRows),
    Rows(std::vec::IntoIter<Vec<Value>>),
    Stream(Box<dyn Stream>, VecDeque<Vec<Value>>),
}

/// A place in the rows of a stored table.
pub(in crate::sql_server) struct StoredRows {
    pages: Pages,
    page: usize,
    row: usize,
}

impl StoredRows {
    pub(in crate::sql_server) fn new(pages: Pages) -> Self {
        Self {
            pages,
            page: 0,
            row: 0,
        }
    }

    pub(in crate::sql_server) fn next(&mut self) -> Option<&[u8]> {
        // Twice: a page may have ended.
        while let Some(page) = self.pages.get(self.page) {
            if self.row < Page::len(page) {
                break;
            }
            self.page += 1;
            self.row = 0;
        }
        let page = self.pages.get(self.page)?;
        self.row += 1;
        page.row(self.row - 1)
    }
}

/// Rows of a base that fulfil conditions, and expressions over them.
pub(super) struct Scan {
    cursor: Cursor,
    filter: Vec<Expression>,
    /// With the type that the values are to have, where it is not theirs anyway.
    expressions: Vec<(Expression, Option<SqlType>)>,
    /// The columns of the base, and which of them are needed.
    columns: Vec<(Column, bool)>,
    values: Vec<Value>,
    scope: Arc<Scope>,
}

impl Scan {
    pub(super) fn new(
        base: Base,
        columns: &[Column],
        filter: Vec<Expression>,
        expressions: Vec<(Expression, Option<SqlType>)>,
        scope: &Arc<Scope>,
    ) -> Self {
        let used = used(
            filter
                .iter()
                .chain(expressions.iter().map(|(expression, _)| expression)),
            columns.len(),
        );
        let columns = columns.iter().cloned().zip(used);
        Self {
            cursor: Cursor::of(base),
            filter,
            expressions,
            columns: columns.collect(),
            values: Vec::new(),
            scope: Arc::clone(scope),
        }
    }
}

/// Which columns of a base the expressions use.
pub(in crate::sql_server) fn used<'a>(
    expressions: impl Iterator<Item = &'a Expression>,
    columns: usize,
) -> Vec<bool> {
    let mut used = vec![false; columns];
    for expression in expressions {
        expression.visit(&mut |part| {
            if let Expression::Slot(at) = part
                && let Some(used) = used.get_mut(*at)
            {
                *used = true;
            }
        });
    }
    used
}

impl Cursor {
    fn of(base: Base) -> Self {
        match base {
            Base::One => Self::One(true),
            Base::Ints(first, last) => Self::Ints(first..=last),
            Base::Pairs(first, last) => Self::Pairs(first..=last),
            Base::Stored(_, pages) => Self::Stored(StoredRows::new(pages)),
            Base::Rows(rows) => Self::Rows(rows.into_iter()),
            Base::Stream(stream) => Self::Stream(stream, VecDeque::new()),
        }
    }

    /// Puts the next row into `values`; false at the end.
    fn next(&mut self, columns: &[(Column, bool)], values: &mut Vec<Value>) -> Result<Next, SqlError> {
        let row = match self {
            Self::One(there) => std::mem::take(there).then(Vec::new),
            Self::Ints(range) => {
                let Some(n) = range.next() else {
                    return Ok(Next::End);
                };
                values.clear();
                values.push(Value::int(n));
                return Ok(Next::Row);
            }
            Self::Pairs(range) => range.next().map(pair),
            Self::Stored(rows) => {
                let Some(row) = rows.next() else {
                    return Ok(Next::End);
                };
                let columns = columns.iter().map(|(column, wanted)| (column, *wanted));
                decode(row, columns, values)?;
                return Ok(Next::Row);
            }
            Self::Rows(rows) => rows.next(),
            Self::Stream(stream, waiting) => {
                if waiting.is_empty() {
                    let mut rows = Vec::new();
                    let more = stream.pull(&mut rows)?;
                    waiting.extend(rows);
                    if waiting.is_empty() && more {
                        return Ok(Next::Later);
                    }
                    if !more {
                        // What is asked again must not run again.
                        *stream = Box::new(Concatenation::new(Vec::new()));
                    }
                }
                waiting.pop_front()
            }
        };
        match row {
            Some(row) => {
                *values = row;
                Ok(Next::Row)
            }
            None => Ok(Next::End),
        }
    }
}

enum Next {
    Row,
    /// None yet.
    Later,
    End,
}

impl Stream for Scan {
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        for _ in 0..WORK {
            match self.cursor.next(&self.columns, &mut self.values)? {
                Next::Row => {}
                Next::Later => return Ok(true),
                Next::End => return Ok(false),
            }
            let row = Row { values: &self.values };
            if !fulfils(&self.filter, row, &self.scope)? {
                continue;
            }
            let mut made = Vec::with_capacity(self.expressions.len());
            for (expression, sql_type) in &self.expressions {
                let value = self.scope.evaluate(expression, row)?;
                made.push(match sql_type {
                    Some(sql_type) => value.cast(sql_type)?,
                    None => value,
                });
            }
            rows.push(made);
        }
        Ok(true)
    }
}

pub(in crate::sql_server) fn fulfils(
    filter: &[Expression],
    row: Row<'_>,
    scope: &Scope,
) -> Result<bool, SqlError> {
    for condition in filter {
        if !scope.is_true(condition, row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// UNION ALL.
pub(super) struct Concatenation(VecDeque<Box<dyn Stream>>);

impl Concatenation {
    pub(super) fn new(parts: Vec<Box<dyn Stream>>) -> Self {
        Self(parts.into())
    }
}

impl Stream for Concatenation {
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        if let Some(first) = self.0.front_mut()
            && !first.pull(rows)?
        {
            self.0.pop_front();
        }
        Ok(!self.0.is_empty())
    }
}

/// The same rows in other types.
pub(super) struct Cast {
    input: Box<dyn Stream>,
    types: Vec<SqlType>,
}

impl Cast {
    pub(super) fn new(input: Box<dyn Stream>, types: Vec<SqlType>) -> Self {
        Self { input, types }
    }
}

impl Stream for Cast {
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        let mut own = Vec::new();
        let more = self.input.pull(&mut own)?;
        for row in own {
            let values = row.into_iter().zip(&self.types);
            let values = values.map(|(value, sql_type)| value.cast(sql_type));
            rows.push(values.collect::<Result<_, _>>()?);
        }
        Ok(more)
    }
}

/// TOP, OFFSET and FETCH.
pub(super) struct Limit {
    input: Box<dyn Stream>,
    skip: u64,
    left: u64,
}

impl Limit {
    pub(super) fn new(input: Box<dyn Stream>, skip: u64, left: u64) -> Self {
        Self { input, skip, left }
    }
}

impl Stream for Limit {
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        if self.left == 0 {
            return Ok(false);
        }
        let mut own = Vec::new();
        let more = self.input.pull(&mut own)?;
        for row in own {
            if self.skip > 0 {
                self.skip -= 1;
            } else if self.left > 0 {
                self.left -= 1;
                rows.push(row);
            }
        }
        Ok(more && self.left > 0)
    }
}

/// DISTINCT.
pub(super) struct Distinct {
    input: Box<dyn Stream>,
    seen: HashSet<Vec<u8>>,
}

impl Distinct {
    pub(super) fn new(input: Box<dyn Stream>) -> Self {
        Self {
            input,
            seen: HashSet::new(),
        }
    }
}

impl Stream for Distinct {
    fn pull(&mut self, rows: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        let mut own = Vec::new();
        let more = self.input.pull(&mut own)?;
        rows.extend(own.into_iter().filter(|row| self.seen.insert(grouping_key(row))));
        Ok(more)
    }
}

/// Bytes that are equal for values that GROUP BY and DISTINCT take for equal.
pub(super) fn grouping_key(row: &[Value]) -> Vec<u8> {
    let mut key = Vec::new();
    for value in row {
        if let Datum::Text(units) = &value.datum {
            let before = key.len();
            compare::folded(units).for_each(|unit| key.extend_from_slice(&unit.to_le_bytes()));
            let length = u32::try_from(key.len() - before).unwrap_or(u32::MAX);
            key.extend_from_slice(&length.to_le_bytes());
            key.push(1);
        } else {
            value.encode(&mut key);
            key.push(u8::from(!value.is_null()));
        }
    }
    key
}

/// A stored table with the columns of the base that a result has, as they stand.
pub(in crate::sql_server) fn plain_columns(relation: &super::Relation) -> Option<(&Arc<Table>, Vec<usize>)> {
    let Base::Stored(table, _) = &relation.base else {
        return None;
    };
    let places = relation.outputs.iter().map(|output| match output.expression {
        Expression::Slot(at) => table
            .columns
            .get(at)
            .is_some_and(|column| column.sql_type == output.sql_type && column.nullable == output.nullable)
            .then_some(at),
        _ => None,
    });
    Some((table, places.collect::<Option<_>>()?))
}
