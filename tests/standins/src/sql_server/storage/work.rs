//! What a transaction has changed and not yet committed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::page::{self, Page, Pages};
use super::table::{Keys, Table};
use super::{DEFAULT_SCHEMA, LockMode, Storage, TableName};
use crate::sql_server::sql::syntax::ObjectName;
use crate::sql_server::tokens::SqlError;
use crate::sql_server::value::Value;
use crate::sql_server::value::moment::Moment;

/// The changes of one table.
#[derive(Debug, Clone)]
struct Change {
    /// `None`: dropped.
    table: Option<Arc<Table>>,
    /// The table is new to others.
    created: bool,
    /// In place of the committed rows, if there.
    replaced: Option<Pages>,
    added: Pages,
}

/// The uncommitted changes of a session, and its locks. Dropping it rolls back.
#[derive(Debug)]
pub(in crate::sql_server) struct Work {
    storage: Arc<Storage>,
    owner: u64,
    changes: HashMap<TableName, Change>,
    /// Of tables that are locked exclusively.
    keys: HashMap<TableName, Keys>,
}

/// What a session sees at a moment.
#[derive(Debug, Clone, Default)]
pub(in crate::sql_server) struct View {
    storage: Arc<Storage>,
    owner: u64,
    changes: HashMap<TableName, Change>,
}

/// What a failed statement goes back to.
#[derive(Debug)]
pub(in crate::sql_server) struct Savepoint(HashMap<TableName, Change>);

impl Work {
    pub(in crate::sql_server) fn new(storage: Arc<Storage>, owner: u64) -> Self {
        Self {
            storage,
            owner,
            changes: HashMap::new(),
            keys: HashMap::new(),
        }
    }

    pub(in crate::sql_server) fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    pub(in crate::sql_server) fn view(&self) -> View {
        View {
            storage: Arc::clone(&self.storage),
            owner: self.owner,
            changes: self.changes.clone(),
        }
    }

    pub(in crate::sql_server) fn holds(&self, table: &TableName, mode: LockMode) -> bool {
        self.storage.locks.holds(self.owner, table, mode)
    }

    /// What takes the lock; it does not borrow the session, so that the client can be heard meanwhile.
    pub(in crate::sql_server) fn lock(
        &self,
        table: TableName,
        mode: LockMode,
        patience: Option<Duration>,
    ) -> impl Future<Output = Result<(), SqlError>> + Send + use<> {
        let (storage, owner) = (Arc::clone(&self.storage), self.owner);
        async move { storage.locks.acquire(owner, &table, mode, patience).await }
    }

    pub(in crate::sql_server) fn savepoint(&self) -> Savepoint {
        Savepoint(self.changes.clone())
    }

    pub(in crate::sql_server) fn undo(&mut self, savepoint: &Savepoint) {
        self.changes.clone_from(&savepoint.0);
        // They may have keys of rows that are gone.
        self.keys.clear();
    }

    pub(in crate::sql_server) fn commit(&mut self) {
        let keys = &mut self.keys;
        let mut catalogue = self.storage.catalogue();
        for (name, change) in self.changes.drain() {
            match change.table {
                None => {
                    catalogue.tables.remove(&name);
                }
                Some(table) => {
                    let mut committed = table.committed();
                    if let Some(replaced) = change.replaced {
                        committed.pages = replaced;
                    }
                    page::add(&mut committed.pages, change.added.iter().cloned());
                    committed.keys = keys.remove(&name);
                    drop(committed);
                    if change.created {
                        catalogue.tables.insert(name, table);
                    }
                }
            }
        }
        drop(catalogue);
        self.end();
    }

    pub(in crate::sql_server) fn roll_back(&mut self) {
        self.changes.clear();
        self.end();
    }

    fn end(&mut self) {
        self.keys.clear();
        self.storage.versions.end(self.owner);
        self.storage.locks.release_all(self.owner);
    }

    /// A table without columns as yet, which `create` puts into the transaction.
    pub(in crate::sql_server) fn new_table(&self, name: &TableName, written: &ObjectName) -> Table {
        let schema = self.storage.schemas(&name.database).into_iter();
        let mut schema = schema.map(|(_, schema)| schema);
        let schema = schema.find(|schema| schema.eq_ignore_ascii_case(&name.schema));
        Table {
            id: self.storage.next_object_id(),
            database: written
                .database()
                .map_or_else(|| name.database.clone(), str::to_owned),
            schema: schema.unwrap_or_else(|| DEFAULT_SCHEMA.to_owned()),
            name: written.last().to_owned(),
            created: Moment::now(),
            columns: Vec::new(),
            defaults: Vec::new(),
            key: None,
            identity: None,
            committed: Mutex::default(),
        }
    }

    pub(in crate::sql_server) fn create(&mut self, name: TableName, table: Arc<Table>) {
        let change = Change {
            table: Some(table),
            created: true,
            replaced: None,
            added: Pages::default(),
        };
        self.keys.remove(&name);
        self.changes.insert(name, change);
    }

    pub(in crate::sql_server) fn drop_table(&mut self, name: TableName) {
        let change = Change {
            table: None,
            created: false,
            replaced: None,
            added: Pages::default(),
        };
        self.keys.remove(&name);
        self.changes.insert(name, change);
    }

    fn change(&mut self, name: &TableName, table: &Arc<Table>) -> &mut Change {
        self.changes.entry(name.clone()).or_insert_with(|| Change {
            table: Some(Arc::clone(table)),
            created: false,
            replaced: None,
            added: Pages::default(),
        })
    }

    /// Adds rows at the end.
    pub(super) fn append(&mut self, name: &TableName, table: &Arc<Table>, added: Vec<Arc<Page>>) {
        page::add(&mut self.change(name, table).added, added);
    }

    /// Puts other rows in the place of all.
    pub(in crate::sql_server) fn replace(&mut self, name: &TableName, table: &Arc<Table>, pages: Pages) {
        let change = self.change(name, table);
        change.replaced = Some(pages);
        change.added = Pages::default();
        self.keys.remove(name);
    }

    /// The keys of all rows that this session sees. The table is locked exclusively.
    pub(super) fn take_keys(&mut self, name: &TableName, table: &Table) -> Result<Keys, SqlError> {
        if let Some(keys) = self.keys.remove(name) {
            return Ok(keys);
        }
        if !self.changes.contains_key(name)
            && let Some(keys) = table.committed().keys.take()
        {
            return Ok(keys);
        }
        let pages = self.view().table(name).map(|(_, pages)| pages);
        keys_of(table, &pages.unwrap_or_default())
    }

    pub(super) fn give_keys(&mut self, name: &TableName, keys: Keys) {
        self.keys.insert(name.clone(), keys);
    }
}

fn keys_of(table: &Table, pages: &[Arc<Page>]) -> Result<Keys, SqlError> {
    let mut keys = Keys::new();
    let mut values = Vec::new();
    if let Some(key) = &table.key {
        for row in pages.iter().flat_map(|page| page.rows()) {
            let columns = table.columns.iter().enumerate();
            let wanted = columns.map(|(at, column)| (column, key.columns.contains(&at)));
            page::decode(row, wanted, &mut values)?;
            keys.insert(key.encode(&values));
        }
    }
    Ok(keys)
}

impl Drop for Work {
    fn drop(&mut self) {
        let mut catalogue = self.storage.catalogue();
        let temporary = format!("#{}", self.owner);
        catalogue.tables.retain(|name, _| name.schema != temporary);
        drop(catalogue);
        self.roll_back();
    }
}

impl View {
    pub(in crate::sql_server) fn resolve(&self, name: &ObjectName, database: &str) -> Option<TableName> {
        TableName::of(name, database, self.owner)
    }

    /// A table with its rows.
    pub(in crate::sql_server) fn table(&self, name: &TableName) -> Option<(Arc<Table>, Pages)> {
        let Some(change) = self.changes.get(name) else {
            let table = self.storage.catalogue().tables.get(name).cloned()?;
            let pages = Arc::clone(&table.committed().pages);
            return Some((table, pages));
        };
        let table = change.table.clone()?;
        let mut pages = match &change.replaced {
            Some(replaced) => Arc::clone(replaced),
            None => Arc::clone(&table.committed().pages),
        };
        if !change.added.is_empty() {
            page::add(&mut pages, change.added.iter().cloned());
        }
        Some((table, pages))
    }

    /// All tables of a database, in the order of their creation.
    pub(in crate::sql_server) fn tables(&self, database: &str) -> Vec<Arc<Table>> {
        let database = database.to_lowercase();
        let catalogue = self.storage.catalogue();
        let committed = catalogue.tables.iter();
        let committed = committed.filter(|(name, _)| !self.changes.contains_key(*name));
        let changed = self.changes.iter();
        let changed = changed.filter_map(|(name, change)| Some((name, change.table.as_ref()?)));
        let mut tables: Vec<_> = committed
            .chain(changed)
            .filter(|(name, _)| name.database == database)
            .map(|(_, table)| Arc::clone(table))
            .collect();
        tables.sort_by_key(|table| (table.created, table.name.clone()));
        tables
    }

    pub(in crate::sql_server) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// A version for a row that the session's transaction changes.
    pub(in crate::sql_server) fn next_version(&self) -> Value {
        Value::row_version(self.storage.versions.next(self.owner))
    }
}
