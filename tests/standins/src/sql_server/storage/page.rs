//! Rows as they are kept: encoded as in a response, many in one piece of memory.

use std::sync::Arc;

use crate::sql_server::column::Column;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::{Datum, Value};
use crate::sql_server::wire::{Malformed, Reader};

/// A page takes no more rows from here on.
const FULL: usize = 256 * 1024;
/// A page with less is joined with what follows.
const SMALL: usize = 32 * 1024;

/// Some rows of a table.
#[derive(Debug, Clone, Default)]
pub(in crate::sql_server) struct Page {
    bytes: Vec<u8>,
    /// Where each row ends.
    ends: Vec<u32>,
}

/// All rows of a table, shared between those who have seen the same.
pub(in crate::sql_server) type Pages = Arc<Vec<Arc<Page>>>;

impl Page {
    pub(in crate::sql_server) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(in crate::sql_server) fn row(&self, at: usize) -> Option<&[u8]> {
        let end = usize::try_from(*self.ends.get(at)?).ok()?;
        let start = match at.checked_sub(1) {
            Some(before) => usize::try_from(*self.ends.get(before)?).ok()?,
            None => 0,
        };
        self.bytes.get(start..end)
    }

    pub(in crate::sql_server) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|at| self.row(at))
    }

    /// Adds a row that `write` appends; what an error leaves is taken back.
    pub(in crate::sql_server) fn push<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.bytes.len();
        match write(&mut self.bytes) {
            Ok(()) => {
                self.ends
                    .push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
                Ok(())
            }
            Err(error) => {
                self.bytes.truncate(before);
                Err(error)
            }
        }
    }

    pub(in crate::sql_server) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL
    }

    fn is_small(&self) -> bool {
        self.bytes.len() < SMALL
    }

    fn append(&mut self, other: &Self) {
        for row in other.rows() {
            // Never fails: nothing is converted.
            let _ = self.push(|bytes| {
                bytes.extend_from_slice(row);
                Ok::<(), ()>(())
            });
        }
    }
}

/// Adds pages at the end; small ones are joined.
pub(super) fn add(pages: &mut Pages, added: impl IntoIterator<Item = Arc<Page>>) {
    let pages = Arc::make_mut(pages);
    for page in added {
        match pages.last_mut() {
            _ if page.len() == 0 => {}
            Some(last) if last.is_small() && page.is_small() => Arc::make_mut(last).append(&page),
            _ => pages.push(page),
        }
    }
}

/// The wanted columns of an encoded row; NULL in place of the others.
pub(in crate::sql_server) fn decode<'a>(
    row: &[u8],
    columns: impl Iterator<Item = (&'a Column, bool)>,
    values: &mut Vec<Value>,
) -> Result<(), SqlError> {
    let mut reader = Reader::new(row);
    values.clear();
    for (column, wanted) in columns {
        let datum = if wanted {
            column.decode(&mut reader)
        } else {
            column.skip(&mut reader).map(|()| Datum::Null)
        };
        values.push(Value {
            sql_type: column.sql_type.clone(),
            datum: datum.map_err(|malformed| damaged(&malformed))?,
        });
    }
    Ok(())
}

/// Where each column of an encoded row begins, and where the row ends.
pub(in crate::sql_server) fn bounds(
    row: &[u8],
    columns: &[Column],
    bounds: &mut Vec<usize>,
) -> Result<(), SqlError> {
    let mut reader = Reader::new(row);
    bounds.clear();
    bounds.push(0);
    for column in columns {
        column
            .skip(&mut reader)
            .map_err(|malformed| damaged(&malformed))?;
        bounds.push(row.len() - reader.remaining());
    }
    Ok(())
}

fn damaged(malformed: &Malformed) -> SqlError {
    SqlError::new(
        824,
        format!("SQL Server detected a logical consistency error: {malformed}."),
    )
    .with_class(24)
}
