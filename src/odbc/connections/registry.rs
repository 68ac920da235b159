//! All connections that we know something of, by the target driver's handle.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, atomic::Ordering},
};

use entra_auth::process::fork::Lock;
use odbc_sys::HDbc;

use super::{Connection, PENDING_CONNECTIONS};
use crate::odbc::diagnostic_record::Record;

type Shared = Arc<Mutex<Connection>>;

static CONNECTIONS: Lock<BTreeMap<usize, Shared>> = Lock::new(BTreeMap::new());

/// This is a forked child: connections on which another thread of the parent's was in a call are known anew.
///
/// Their locks are held over the driver's I/O, so a fork does not wait for them, and nobody here will ever
/// free them. What lies behind them is left alone: the driver, too, stands in mid-call on these handles.
pub(crate) fn begin_in_child() {
    for (hdbc, shared) in CONNECTIONS.lock().iter_mut() {
        if matches!(shared.try_lock(), Err(TryLockError::WouldBlock)) {
            let new = Arc::new(Mutex::new(Connection::new(HDbc(*hdbc as *mut _))));
            mem::forget(mem::replace(shared, new));
        }
    }
}

/// What we know of this connection; an entry is made where there is none.
pub(crate) fn get_or_insert(hdbc: HDbc) -> Shared {
    let new = || Arc::new(Mutex::new(Connection::new(hdbc)));
    Arc::clone(CONNECTIONS.lock().entry(hdbc.0 as usize).or_insert_with(new))
}

/// What we know of this connection, if anything.
pub(crate) fn get(hdbc: HDbc) -> Option<Shared> {
    CONNECTIONS.lock().get(&(hdbc.0 as usize)).map(Arc::clone)
}

/// The connection itself, for as long as one intercepted call takes.
pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, Connection> {
    // Each field is valid by itself, whoever panicked while holding it.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the connection; to be dropped once the target driver's handle is gone.
///
/// Unless its token is [released](super::AttachedToken::release), the token's memory stays reserved.
pub(crate) fn remove(hdbc: HDbc) -> Option<Shared> {
    CONNECTIONS.lock().remove(&(hdbc.0 as usize))
}

/// Puts back what [`remove`] took, since the handle lives on.
pub(crate) fn restore(hdbc: HDbc, shared: Shared) {
    CONNECTIONS.lock().insert(hdbc.0 as usize, shared);
}

/// Our records of the last call on this connection, if any, and whether the driver's follow.
pub(crate) fn records(hdbc: HDbc) -> Option<(Vec<Record>, bool)> {
    if PENDING_CONNECTIONS.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let shared = get(hdbc)?;
    let connection = lock(&shared);
    let records = &connection.records;
    (!records.ours.is_empty()).then(|| (records.ours.clone(), records.then_drivers))
}

/// See [`Connection::begin_call`], for calls that need no more of the connection.
pub(crate) fn begin_call(hdbc: HDbc) {
    if PENDING_CONNECTIONS.load(Ordering::Relaxed) == 0 {
        return;
    }
    if let Some(shared) = get(hdbc) {
        lock(&shared).begin_call();
    }
}
