//! The rows of a result, made while they are sent.

use super::sql::evaluate::{Row, Scope};
use super::sql::syntax::{Expression, Item, Select};
use super::sql::tables::{self, Content, pair_name};
use super::tokens::{self, SqlError};
use super::value::{SqlType, Value};
use super::wire::{Put, length16};

const ROW: u8 = 0xD1;
const WIDTH_OF_INT: u8 = 4;

/// A result set: its columns, and what makes its rows.
pub(super) struct Rows {
    pub(super) columns: Vec<(String, SqlType)>,
    source: RowSource,
}

enum RowSource {
    /// The whole of `ints` or `pairs`: encoded without detour, for benchmarks.
    Ints(std::ops::RangeInclusive<i32>),
    Pairs(std::ops::RangeInclusive<i32>),
    Scan(Box<dyn Iterator<Item = Result<Vec<Value>, SqlError>> + Send>),
}

impl Rows {
    pub(super) fn of(select: &Select, scope: &Scope) -> Result<Self, SqlError> {
        let top = match &select.top {
            Some(top) => scope.evaluate(top, Row::default())?.as_integer(),
            None => None,
        };
        let Some(from) = &select.from else {
            return Self::single(select, scope, top);
        };
        let arguments = from
            .arguments
            .iter()
            .map(|argument| scope.evaluate(argument, Row::default()))
            .collect::<Result<Vec<_>, _>>()?;
        let mut table = tables::find(from, &arguments, &scope.facts)?;
        for (joined, _) in &select.joins {
            table = table.left_join(tables::find(joined, &[], &scope.facts)?)?;
        }
        if select.condition.is_none()
            && let (Content::Ints(last) | Content::Pairs(last), Some(top)) = (&mut table.content, top)
        {
            let top = i32::try_from(top).unwrap_or(i32::MAX);
            *last = if arguments.is_empty() { top } else { top.min(*last) };
        }
        let items = expand(&select.items, &table.columns);
        if select.condition.is_none() && is_whole_table(&items, &table.columns) {
            let source = match table.content {
                Content::Ints(last) => Some(RowSource::Ints(1..=last)),
                Content::Pairs(last) => Some(RowSource::Pairs(1..=last)),
                Content::Rows(_) => None,
            };
            if let Some(source) = source {
                let columns = named(&items, table.columns.into_iter().map(|(_, sql_type)| sql_type));
                return Ok(Self { columns, source });
            }
        }
        let nulls: Vec<Value> = table
            .columns
            .iter()
            .map(|(_, sql_type)| Value::null(sql_type.clone()))
            .collect();
        let row = Row {
            columns: &table.columns,
            values: &nulls,
        };
        // The types of the result are those of its expressions over a row of typed NULLs.
        let types = items
            .iter()
            .map(|(_, expression)| Ok(scope.evaluate(expression, row)?.sql_type))
            .collect::<Result<Vec<_>, SqlError>>()?;
        for condition in select.joins.iter().map(|(_, on)| on).chain(&select.condition) {
            scope.evaluate(condition, row)?;
        }
        let columns = named(&items, types.iter().cloned());
        let scan = Scan {
            scope: scope.clone(),
            condition: select.condition.clone(),
            items,
            types,
            columns: table.columns,
        };
        let rows = table
            .content
            .rows()
            .filter_map(move |values| scan.project(&values).transpose());
        let limit = top.map_or(usize::MAX, |top| usize::try_from(top).unwrap_or(0));
        Ok(Self {
            columns,
            source: RowSource::Scan(Box::new(rows.take(limit))),
        })
    }

    /// A select without a table: one row, or none.
    fn single(select: &Select, scope: &Scope, top: Option<i64>) -> Result<Self, SqlError> {
        let items = expand(&select.items, &[]);
        if items.is_empty() {
            let text = "Must specify table to select from.";
            return Err(SqlError::new(263, text));
        }
        let values = items
            .iter()
            .map(|(_, expression)| scope.evaluate(expression, Row::default()))
            .collect::<Result<Vec<_>, _>>()?;
        let wanted = match &select.condition {
            Some(condition) => scope.is_true(condition, Row::default())?,
            None => true,
        };
        let columns = named(&items, values.iter().map(|value| value.sql_type.clone()));
        let row = (wanted && top != Some(0)).then_some(Ok(values));
        Ok(Self {
            columns,
            source: RowSource::Scan(Box::new(row.into_iter())),
        })
    }

    /// Appends rows until `enough` bytes are there; gives the number of rows, 0 at the end.
    pub(super) fn append(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<u64, SqlError> {
        let mut count = 0;
        match &mut self.source {
            RowSource::Ints(range) => {
                while out.len() < enough
                    && let Some(n) = range.next()
                {
                    out.put(&[ROW, WIDTH_OF_INT]);
                    out.put(&n.to_le_bytes());
                    count += 1;
                }
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
                    count += 1;
                }
            }
            RowSource::Scan(rows) => {
                while out.len() < enough
                    && let Some(row) = rows.next()
                {
                    tokens::row(out, &row?);
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}

struct Scan {
    scope: Scope,
    condition: Option<Expression>,
    items: Vec<(Option<String>, Expression)>,
    types: Vec<SqlType>,
    columns: Vec<(String, SqlType)>,
}

impl Scan {
    fn project(&self, values: &[Value]) -> Result<Option<Vec<Value>>, SqlError> {
        let row = Row {
            columns: &self.columns,
            values,
        };
        if let Some(condition) = &self.condition
            && !self.scope.is_true(condition, row)?
        {
            return Ok(None);
        }
        let mut projected = Vec::with_capacity(self.items.len());
        for ((_, expression), sql_type) in self.items.iter().zip(&self.types) {
            projected.push(self.scope.evaluate(expression, row)?.cast(sql_type)?);
        }
        Ok(Some(projected))
    }
}

/// The select list with `*` written out.
fn expand(items: &[Item], columns: &[(String, SqlType)]) -> Vec<(Option<String>, Expression)> {
    let mut expanded = Vec::new();
    for item in items {
        match item {
            Item::Everything => expanded.extend(
                columns
                    .iter()
                    .map(|(name, _)| (None, Expression::Column(name.clone()))),
            ),
            Item::Column { name, expression } => expanded.push((name.clone(), expression.clone())),
            Item::Assign(..) => {}
        }
    }
    expanded
}

fn is_whole_table(items: &[(Option<String>, Expression)], columns: &[(String, SqlType)]) -> bool {
    items.len() == columns.len()
        && items.iter().zip(columns).all(|((_, expression), (name, _))| {
            matches!(expression, Expression::Column(column) if column.eq_ignore_ascii_case(name))
        })
}

/// A column is called as the list says, else as the table says, else nothing.
fn named(
    items: &[(Option<String>, Expression)],
    types: impl Iterator<Item = SqlType>,
) -> Vec<(String, SqlType)> {
    items
        .iter()
        .zip(types)
        .map(|((name, expression), sql_type)| {
            let name = name.clone().unwrap_or_else(|| match expression {
                Expression::Column(column) => column.clone(),
                _ => String::new(),
            });
            (name, sql_type)
        })
        .collect()
}
