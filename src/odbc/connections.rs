//! What we know of a connection beside the target driver's handle, looked up in intercepted calls only.

mod attached_token;
mod login_timeout;
mod registry;

use std::sync::atomic::{AtomicUsize, Ordering};

use entra_odbc_core::connect::{Attempt, OpenConnection};
use odbc_sys::HDbc;

use super::{diagnostic_record::Record, target_connection::Arguments};
use crate::process_state::with_connect_context;

pub(crate) use attached_token::{ACCESS_TOKEN, AttachError, AttachedToken, IS_POINTER, TokenOwner};
pub(crate) use login_timeout::{LOGIN_TIMEOUT, LoginTimeout};
pub(crate) use registry::{begin_call, begin_in_child, get, get_or_insert, lock, records, remove, restore};

/// How many connections have records of ours, or something to undo before their next call: while it is 0, calls that
/// are intercepted for that alone cost one load.
static PENDING_CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

/// Whether a pool, which knows connections by their string alone, may hand a connection out again.
#[derive(Debug)]
pub(crate) enum PoolReuse {
    /// To whoever asks with that string, as the target driver says: nobody signed in through us.
    DriverDecides,
    /// To nobody: a token that the application set itself opened it.
    Never,
    /// To whoever asks, while the string still names the identity that it was opened for.
    WhileSameIdentity(Box<OpenConnection>),
}

/// Our side of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The token on the handle.
    pub(crate) token: AttachedToken,
    /// The login timeout of the handle.
    pub(crate) login_timeout: LoginTimeout,
    /// Our diagnostic records.
    pub(crate) records: Records,
    /// A connect that the driver still executes.
    pub(crate) pending: Option<Attempt>,
    /// What the driver reads and writes meanwhile.
    pub(crate) executing: Option<Arguments>,
    /// To whom a pool may give it.
    pub(crate) reuse: PoolReuse,
    /// Whether it counts in [`PENDING_CONNECTIONS`].
    is_counted: bool,
}

// SAFETY: an HDbc is an address; the ODBC reference lets any thread use it, one at a time, which the mutex
// around each Connection sees to for our side.
unsafe impl Send for Connection {}

/// Our own records on a connection, for the call just made.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// The records, in order.
    pub(crate) ours: Vec<Record>,
    /// Whether the driver's own records of the same call follow.
    pub(crate) then_drivers: bool,
}

impl Connection {
    fn new(hdbc: HDbc) -> Self {
        Self {
            token: AttachedToken::none(hdbc),
            login_timeout: LoginTimeout::new(hdbc),
            records: Records::default(),
            pending: None,
            executing: None,
            reuse: PoolReuse::DriverDecides,
            is_counted: false,
        }
    }

    /// A call begins: our records of the last one go, and what that one left to be undone is undone.
    ///
    /// Not done as the last call ended, because a call of ours to the driver would have cleared the records
    /// that the host was about to read.
    pub(crate) fn begin_call(&mut self) {
        self.records = Records::default();
        // While the driver executes a connect, the handle takes no other call.
        if self.pending.is_none() {
            self.token.detach_if_pending();
            self.login_timeout.restore();
        }
        self.end_call();
    }

    /// A call ends: counts whether the next one on any connection has to look here.
    pub(crate) fn end_call(&mut self) {
        let is_pending = !self.records.ours.is_empty()
            || self.token.is_detach_pending()
            || self.login_timeout.is_limited();
        match (self.is_counted, is_pending) {
            (false, true) => PENDING_CONNECTIONS.fetch_add(1, Ordering::Relaxed),
            (true, false) => PENDING_CONNECTIONS.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
        self.is_counted = is_pending;
    }

    /// Whether a pool is to drop this connection rather than hand it to whoever asks with the same string.
    pub(crate) fn is_dead_to_pools(&self) -> bool {
        match &self.reuse {
            PoolReuse::DriverDecides => false,
            PoolReuse::Never => true,
            PoolReuse::WhileSameIdentity(opened) => with_connect_context(|context| opened.is_dead(context)),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.is_counted {
            PENDING_CONNECTIONS.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
