//! The rows of a result, made while they are sent.

use std::collections::VecDeque;
use std::sync::Arc;

use super::sql::evaluate::{Row, Scope};
use super::sql::query::stream::{StoredRows, Stream, fulfils, plain_columns, used};
use super::sql::query::{Base, Body, Query, Relation};
use super::sql::syntax::Expression;
use super::sql::tables::pair_name;
use super::storage::{Column, bounds, decode};
use super::tokens::{self, SqlError};
use super::value::Value;
use super::wire::{Put, length16};

const ROW: u8 = 0xD1;
const WIDTH_OF_INT: u8 = 4;
/// Stored rows that are looked at before the client is heard again.
const WORK: usize = 8192;
/// The same for computed rows, in batches.
const BATCHES: usize = 4;

/// A result set: its columns, and what makes its rows.
pub(super) struct Rows {
    pub(super) columns: Vec<Column>,
    source: RowSource,
}

/// What one call has appended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Appended {
    pub(super) rows: u64,
    pub(super) finished: bool,
}

enum RowSource {
    /// The whole of `ints` or `pairs`, or a range of them: encoded without detour, for benchmarks.
    Ints(std::ops::RangeInclusive<i32>),
    Pairs(std::ops::RangeInclusive<i32>),
    Stored(Stored),
    Computed {
        stream: Box<dyn Stream>,
        waiting: VecDeque<Vec<Value>>,
        ended: bool,
    },
}

impl Rows {
    pub(super) fn of(query: Query) -> Self {
        let columns = query.columns.clone();
        let scope = query.scope();
        let source = match query.body {
            Body::Simple(relation) => Self::simple(relation, &scope),
            Body::Stream(stream) => computed(stream),
        };
        Self { columns, source }
    }

    fn simple(relation: Relation, scope: &Arc<Scope>) -> RowSource {
        if relation.filter.is_empty() && is_whole(&relation) {
            match relation.base {
                Base::Ints(first, last) => return RowSource::Ints(first..=last),
                Base::Pairs(first, last) => return RowSource::Pairs(first..=last),
                _ => {}
            }
        }
        match Stored::of(relation, scope) {
            Ok(stored) => RowSource::Stored(stored),
            Err(relation) => computed(relation.stream(scope)),
        }
    }

    /// Appends rows until `enough` bytes are there, or for a while.
    pub(super) fn append(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<Appended, SqlError> {
        let mut rows = 0;
        let finished = match &mut self.source {
            RowSource::Ints(range) => {
                while out.len() < enough
                    && let Some(n) = range.next()
                {
                    out.put(&[ROW, WIDTH_OF_INT]);
                    out.put(&n.to_le_bytes());
                    rows += 1;
                }
                range.is_empty()
            }
            RowSource::Pairs(range) => {
                while out.len() < enough
                    && let Some(id) = range.next()
                {
                    out.put(&[ROW, WIDTH_OF_INT]);
                    out.put(&id.to_le_bytes());
                    let name = pair_name(id);
                    out.put_u16(length16(name.len() * 2));
                    out.put_utf16(&name);
                    rows += 1;
                }
                range.is_empty()
            }
            RowSource::Stored(stored) => stored.append(out, enough, &mut rows)?,
            RowSource::Computed {
                stream,
                waiting,
                ended,
            } => {
                for _ in 0..BATCHES {
                    while out.len() < enough
                        && let Some(row) = waiting.pop_front()
                    {
                        tokens::row(out, &self.columns, &row);
                        rows += 1;
                    }
                    if !waiting.is_empty() || *ended {
                        break;
                    }
                    let mut batch = Vec::new();
                    *ended = !stream.pull(&mut batch)?;
                    *waiting = batch.into();
                }
                waiting.is_empty() && *ended
            }
        };
        Ok(Appended { rows, finished })
    }
}

fn computed(stream: Box<dyn Stream>) -> RowSource {
    RowSource::Computed {
        stream,
        waiting: VecDeque::new(),
        ended: false,
    }
}

/// Whether the result has the columns of its base, all of them and in their order.
fn is_whole(relation: &Relation) -> bool {
    relation.outputs.len() == relation.base_columns.len()
        && relation
            .outputs
            .iter()
            .enumerate()
            .all(|(at, output)| output.expression == Expression::Slot(at))
}

/// Columns of a stored table as they stand: copied without being decoded.
struct Stored {
    rows: StoredRows,
    columns: Vec<Column>,
    filter: Vec<Expression>,
    /// The columns that the conditions need.
    needed: Vec<bool>,
    /// The columns of the result.
    places: Vec<usize>,
    whole: bool,
    scope: Arc<Scope>,
    values: Vec<Value>,
    bounds: Vec<usize>,
}

impl Stored {
    fn of(relation: Relation, scope: &Arc<Scope>) -> Result<Self, Relation> {
        let Some((table, places)) = plain_columns(&relation) else {
            return Err(relation);
        };
        let columns = table.columns.clone();
        let whole = is_whole(&relation);
        let needed = used(relation.filter.iter(), columns.len());
        let Base::Stored(_, pages) = relation.base else {
            return Err(relation);
        };
        Ok(Self {
            rows: StoredRows::new(pages),
            columns,
            filter: relation.filter,
            needed,
            places,
            whole,
            scope: Arc::clone(scope),
            values: Vec::new(),
            bounds: Vec::new(),
        })
    }

    /// True at the end.
    fn append(&mut self, out: &mut Vec<u8>, enough: usize, count: &mut u64) -> Result<bool, SqlError> {
        for _ in 0..WORK {
            if out.len() >= enough {
                return Ok(false);
            }
            let Some(row) = self.rows.next() else {
                return Ok(true);
            };
            if !self.filter.is_empty() {
                let columns = self.columns.iter().zip(self.needed.iter().copied());
                decode(row, columns, &mut self.values)?;
                let row = Row { values: &self.values };
                if !fulfils(&self.filter, row, &self.scope)? {
                    continue;
                }
            }
            out.put_u8(ROW);
            if self.whole {
                out.put(row);
            } else {
                bounds(row, &self.columns, &mut self.bounds)?;
                for at in &self.places {
                    let ends = self.bounds.get(*at).zip(self.bounds.get(at + 1));
                    let column = ends.and_then(|(start, end)| row.get(*start..*end));
                    out.put(column.unwrap_or_default());
                }
            }
            *count += 1;
        }
        Ok(false)
    }
}
