//! The tables of all databases, which the sessions of a server share.
//!
//! Readers see what was committed when their statement began, and the changes of their own transaction, as in a
//! database with READ_COMMITTED_SNAPSHOT, which is how Azure SQL creates them. Writers lock tables until their
//! transaction ends.

mod append;
mod locks;
mod page;
mod table;
mod versions;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::sql::syntax::ObjectName;
use super::tokens::SqlError;
use locks::Locks;
use versions::Versions;

pub(super) use super::column::Column;
pub(super) use append::{Appender, fitted};
pub(super) use locks::LockMode;
pub(super) use page::{Page, Pages, bounds, decode};
pub(super) use table::{Identity, PrimaryKey, Table};
pub(super) use work::{Savepoint, View, Work};

/// User objects are numbered from here.
const FIRST_OBJECT_ID: i32 = 901_578_250;
const OBJECT_ID_STEP: i32 = 16_000_057;
pub(super) const DEFAULT_SCHEMA: &str = "dbo";
/// Schemas that every database has, with their ids.
pub(super) const SYSTEM_SCHEMAS: [(&str, i32); 5] = [
    ("dbo", 1),
    ("guest", 2),
    ("INFORMATION_SCHEMA", 3),
    ("sys", 4),
    ("standin", 5),
];

/// The full name of a table, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TableName {
    pub(super) database: String,
    pub(super) schema: String,
    pub(super) name: String,
}

impl TableName {
    /// `None` for a table on a linked server.
    pub(super) fn of(name: &ObjectName, database: &str, owner: u64) -> Option<Self> {
        if name.0.len() > 3 {
            return None;
        }
        let last = name.last().to_lowercase();
        // A temporary table is seen by its own session alone.
        if last.starts_with('#') {
            let private = !last.starts_with("##");
            return Some(Self {
                database: "tempdb".to_owned(),
                schema: if private {
                    format!("#{owner}")
                } else {
                    DEFAULT_SCHEMA.to_owned()
                },
                name: last,
            });
        }
        Some(Self {
            database: name.database().unwrap_or(database).to_lowercase(),
            schema: name.schema().unwrap_or(DEFAULT_SCHEMA).to_lowercase(),
            name: last,
        })
    }
}

/// What is committed.
#[derive(Debug, Default)]
pub(super) struct Storage {
    catalogue: Mutex<Catalogue>,
    locks: Locks,
    versions: Versions,
    objects: AtomicI32,
}

#[derive(Debug, Default)]
struct Catalogue {
    tables: BTreeMap<TableName, std::sync::Arc<Table>>,
    /// By database and name in lower case; the number counts from the system's.
    schemas: BTreeMap<(String, String), (String, i32)>,
}

impl Storage {
    fn catalogue(&self) -> MutexGuard<'_, Catalogue> {
        self.catalogue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn versions(&self) -> &Versions {
        &self.versions
    }

    fn next_object_id(&self) -> i32 {
        let count = self.objects.fetch_add(1, Ordering::Relaxed);
        FIRST_OBJECT_ID.wrapping_add(count.wrapping_mul(OBJECT_ID_STEP)) & i32::MAX
    }

    pub(super) fn create_schema(&self, database: &str, name: &str) -> Result<(), SqlError> {
        let mut catalogue = self.catalogue();
        let key = (database.to_lowercase(), name.to_lowercase());
        if schema_id(&catalogue, &key).is_some() {
            let text = format!("There is already an object named '{name}' in the database.");
            return Err(SqlError::new(2714, text));
        }
        let id = i32::try_from(SYSTEM_SCHEMAS.len() + catalogue.schemas.len()).unwrap_or(i32::MAX);
        catalogue.schemas.insert(key, (name.to_owned(), id + 1));
        Ok(())
    }

    pub(super) fn schema_id(&self, database: &str, name: &str) -> Option<i32> {
        schema_id(&self.catalogue(), &(database.to_lowercase(), name.to_lowercase()))
    }

    /// Names and ids of all schemas.
    pub(super) fn schemas(&self, database: &str) -> BTreeSet<(i32, String)> {
        let database = database.to_lowercase();
        let catalogue = self.catalogue();
        let made = catalogue.schemas.iter();
        let made = made.filter(|((of, _), _)| *of == database);
        let made = made.map(|(_, (name, id))| (*id, name.clone()));
        let system = SYSTEM_SCHEMAS.iter().map(|(name, id)| (*id, (*name).to_owned()));
        system.chain(made).collect()
    }
}

fn schema_id(catalogue: &Catalogue, key: &(String, String)) -> Option<i32> {
    let (_, name) = key;
    let mut system = SYSTEM_SCHEMAS.iter();
    let system = system.find(|(known, _)| known.eq_ignore_ascii_case(name));
    system
        .map(|(_, id)| *id)
        .or_else(|| catalogue.schemas.get(key).map(|(_, id)| *id))
}
