//! What we know of a connection beside the real driver's handle, looked up in intercepted calls only.

use std::{
    collections::BTreeMap,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
};

use entra_odbc_core::{
    Error, Opened,
    access_token::AccessToken,
    connect::Attempt,
    fork::{Guard, Lock},
    token::Carrier,
};
use odbc_sys::{HDbc, SqlReturn};

use super::{diagnostic_record::Record, target, target_connection::Arguments, token_buffer::TokenBuffer};
use crate::process_state::with_surroundings;

/// `SQL_COPT_SS_ACCESS_TOKEN` (msodbcsql.h).
pub(crate) const ACCESS_TOKEN: i32 = 1256;
/// `SQL_ATTR_LOGIN_TIMEOUT` (sqlext.h), in seconds.
pub(crate) const LOGIN_TIMEOUT: i32 = 103;
/// `SQL_IS_POINTER` (sqlext.h).
pub(crate) const IS_POINTER: i32 = -4;

/// Whose token the real connection points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Nobody's.
    Nobodys,
    /// One that the host set itself; it stays until the host takes it off, as with the bare driver.
    Hosts,
    /// One that we got.
    Ours,
}

/// Why a token is not on the driver's connection.
#[derive(Debug)]
pub(crate) enum NotPut {
    /// The driver's answer.
    Refused(SqlReturn),
    /// There is no room for it.
    NoRoom(Error),
}

impl From<Error> for NotPut {
    fn from(error: Error) -> Self {
        Self::NoRoom(error)
    }
}

/// To whom a pool, which knows connections by their string alone, may give one.
#[derive(Debug)]
pub(crate) enum Reuse {
    /// To whoever asks with that string: nobody of ours signed in.
    AsTheDriverSays,
    /// To nobody: a token that the application set itself opened it.
    Never,
    /// To whoever asks, while the string still names whom it was opened for.
    WhileTheirs(Box<Opened>),
}

/// Our side of one connection.
#[derive(Debug)]
pub(crate) struct Connection {
    hdbc: HDbc,
    token: Option<Arc<TokenBuffer>>,
    /// The connection as the token service knows it: while this lives, renewed tokens come into the buffer.
    carried: Option<Arc<dyn Carrier>>,
    whose: Whose,
    /// Our token has served its connect: it is to come off before the driver could use it again.
    stale: bool,
    /// The host's login timeout, where the driver was given another one.
    login_timeout: Option<u32>,
    /// Our diagnostic records.
    pub(crate) records: Records,
    /// A connect that the driver still executes.
    pub(crate) pending: Option<Attempt>,
    /// What the driver reads and writes meanwhile.
    pub(crate) executing: Option<Arguments>,
    /// To whom a pool may give it.
    pub(crate) reuse: Reuse,
    /// Counted in [`NEEDING_CARE`].
    counted: bool,
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

type Shared = Arc<Mutex<Connection>>;

static CONNECTIONS: Lock<BTreeMap<usize, Shared>> = Lock::new(BTreeMap::new());

/// How many connections have records of ours, or something to put right before their next call: while it is
/// 0, calls that are intercepted for that alone cost one load.
static NEEDING_CARE: AtomicUsize = AtomicUsize::new(0);

fn connections() -> Guard<'static, BTreeMap<usize, Shared>> {
    CONNECTIONS.lock()
}

/// This is a forked child: connections on which another thread of the parent's was in a call are known anew.
///
/// Their locks are held over the driver's I/O, so a fork does not wait for them, and nobody here will ever
/// free them. What lies behind them is left alone: the driver, too, stands in mid-call on these handles.
pub(crate) fn begin_in_child() {
    for (hdbc, shared) in connections().iter_mut() {
        if matches!(shared.try_lock(), Err(TryLockError::WouldBlock)) {
            let new = Arc::new(Mutex::new(Connection::new(HDbc(*hdbc as *mut _))));
            mem::forget(mem::replace(shared, new));
        }
    }
}

/// What we know of this connection; from now on we know something.
pub(crate) fn of(hdbc: HDbc) -> Shared {
    let new = || Arc::new(Mutex::new(Connection::new(hdbc)));
    Arc::clone(connections().entry(hdbc.0 as usize).or_insert_with(new))
}

/// What we know of this connection, if anything.
pub(crate) fn find(hdbc: HDbc) -> Option<Shared> {
    connections().get(&(hdbc.0 as usize)).map(Arc::clone)
}

/// The connection itself, for as long as one intercepted call takes.
pub(crate) fn lock(shared: &Shared) -> MutexGuard<'_, Connection> {
    // Each field is valid by itself, whoever panicked while holding it.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the connection; to be dropped once the real driver's handle is gone.
///
/// Unless it is told that the driver has [freed](Connection::freed) the handle, the token's memory stays reserved.
pub(crate) fn remove(hdbc: HDbc) -> Option<Shared> {
    connections().remove(&(hdbc.0 as usize))
}

/// Puts back what [`remove`] took, since the handle lives on.
pub(crate) fn restore(hdbc: HDbc, shared: Shared) {
    connections().insert(hdbc.0 as usize, shared);
}

/// Our records of the last call on this connection, if any, and whether the driver's follow.
pub(crate) fn records(hdbc: HDbc) -> Option<(Vec<Record>, bool)> {
    if NEEDING_CARE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let shared = find(hdbc)?;
    let connection = lock(&shared);
    let records = &connection.records;
    (!records.ours.is_empty()).then(|| (records.ours.clone(), records.then_drivers))
}

/// Any call on a connection begins: our records of the last one go, and what is to be put right is.
pub(crate) fn begin_call(hdbc: HDbc) {
    if NEEDING_CARE.load(Ordering::Relaxed) == 0 {
        return;
    }
    if let Some(shared) = find(hdbc) {
        lock(&shared).begin_call();
    }
}

impl Connection {
    fn new(hdbc: HDbc) -> Self {
        Self {
            hdbc,
            token: None,
            carried: None,
            whose: Whose::Nobodys,
            stale: false,
            login_timeout: None,
            records: Records::default(),
            pending: None,
            executing: None,
            reuse: Reuse::AsTheDriverSays,
            counted: false,
        }
    }

    /// See [`begin_call`].
    ///
    /// Not done as the last call ended, because a call of ours to the driver would have cleared the records
    /// that the host was about to read.
    pub(crate) fn begin_call(&mut self) {
        self.records = Records::default();
        // While the driver executes a connect, the handle takes no other call.
        if self.pending.is_none() {
            if self.stale {
                self.take_token_off();
            }
            if let Some(seconds) = self.login_timeout.take() {
                self.set_login_timeout(seconds);
            }
        }
        self.settle();
    }

    /// A call ends: whether the next one on any connection has to look here.
    pub(crate) fn settle(&mut self) {
        let needs = !self.records.ours.is_empty() || self.stale || self.login_timeout.is_some();
        match (self.counted, needs) {
            (false, true) => NEEDING_CARE.fetch_add(1, Ordering::Relaxed),
            (true, false) => NEEDING_CARE.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
        self.counted = needs;
    }

    /// Whose token is on the handle.
    pub(crate) fn whose(&self) -> Whose {
        self.whose
    }

    /// Puts a token of ours on the real connection, in this connection's own buffer.
    ///
    /// Where the driver refuses, the former token stays.
    pub(crate) fn put_ours(&mut self, token: &AccessToken<'_>) -> Result<(), NotPut> {
        // In the place of another of ours where there is one: the driver has the pointer already.
        let in_place = self.token.as_ref().filter(|_| self.whose == Whose::Ours);
        if in_place.is_some_and(|buffer| buffer.renew(token)) {
            self.stale = false;
            return Ok(());
        }
        self.put(Whose::Ours, TokenBuffer::of(token)?).map(drop)
    }

    /// Puts a copy of an `ACCESSTOKEN` struct of the host's on the real connection.
    ///
    /// Always by the driver, whose answer (HY011 once connected) is the host's to have.
    pub(crate) fn put_hosts(&mut self, bytes: &[u8]) -> Result<SqlReturn, NotPut> {
        self.put(Whose::Hosts, TokenBuffer::copied(bytes)?)
    }

    fn put(&mut self, whose: Whose, buffer: TokenBuffer) -> Result<SqlReturn, NotPut> {
        let answer = self.set_on_driver(buffer.as_ptr());
        if answer != SqlReturn::SUCCESS && answer != SqlReturn::SUCCESS_WITH_INFO {
            if answer == SqlReturn::ERROR || answer == SqlReturn::INVALID_HANDLE {
                // SAFETY: after these answers an attribute has the value that it had (ODBC reference). After another
                // one, such as SQL_STILL_EXECUTING, the driver may come to have the pointer.
                unsafe { buffer.let_go() };
            }
            return Err(NotPut::Refused(answer));
        }
        self.carried = None;
        // The driver has taken the new pointer in place of the old one.
        self.let_go();
        self.token = Some(Arc::new(buffer));
        self.whose = whose;
        self.stale = false;
        Ok(answer)
    }

    /// The open connection as one that carries a token of ours.
    pub(crate) fn carrier(&mut self) -> Option<Arc<dyn Carrier>> {
        let buffer = self.token.as_ref().filter(|_| self.whose == Whose::Ours)?;
        let carried: Arc<dyn Carrier> = Arc::new(Carried(Arc::clone(buffer)));
        self.carried = Some(Arc::clone(&carried));
        Some(carried)
    }

    /// Whether a pool is to drop this connection rather than hand it to whoever asks with the same string.
    pub(crate) fn is_dead_to_a_pool(&self) -> bool {
        match &self.reuse {
            Reuse::AsTheDriverSays => false,
            Reuse::Never => true,
            Reuse::WhileTheirs(opened) => with_surroundings(|around| opened.is_dead(around)),
        }
    }

    /// Our token has done its work on this handle.
    pub(crate) fn token_is_stale(&mut self) {
        self.carried = None;
        self.stale = self.whose == Whose::Ours;
    }

    /// Takes a token of ours off the real connection; one of the host's stays.
    ///
    /// Returns whether none of ours is there any more.
    pub(crate) fn take_token_off(&mut self) -> bool {
        if self.whose == Whose::Ours {
            let _ = self.clear_token();
        }
        self.whose != Whose::Ours
    }

    /// Takes any token off the real connection.
    pub(crate) fn clear_token(&mut self) -> SqlReturn {
        self.stale = false;
        let answer = self.set_on_driver(std::ptr::null_mut());
        if answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO {
            self.whose = Whose::Nobodys;
            self.carried = None;
            self.let_go();
        }
        answer
    }

    /// The driver has no pointer to the token any more: it took another one, or none, or has freed the connection.
    fn let_go(&mut self) {
        if let Some(token) = self.token.take() {
            // SAFETY: the driver had this pointer from this connection alone, and has let go of it: by a successful
            // answer to another value of the attribute (Driver 18.6 reads the last one only), or by freeing the handle.
            unsafe { token.let_go() };
        }
    }

    /// The driver has freed the handle.
    pub(crate) fn freed(&mut self) {
        self.let_go();
    }

    fn set_on_driver(&self, token: *mut std::ffi::c_void) -> SqlReturn {
        // SAFETY: the handle is the host's own connection, which lives during its call; the buffer lives in
        // `self` until it is replaced here or the handle is freed.
        unsafe { target::SQLSetConnectAttr(self.hdbc, ACCESS_TOKEN, token, IS_POINTER) }
    }

    /// The login timeout in seconds as the driver has it: the host's, or its own default.
    pub(crate) fn login_timeout(&self) -> Option<u32> {
        let mut seconds = 0u32;
        let value = (&raw mut seconds).cast();
        // SAFETY: the attribute is a 32-bit integer, for which there is room.
        let answer =
            unsafe { target::SQLGetConnectAttrW(self.hdbc, LOGIN_TIMEOUT, value, 0, std::ptr::null_mut()) };
        (answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO).then_some(seconds)
    }

    /// Gives the driver another login timeout until the next call on this connection.
    pub(crate) fn limit_login(&mut self, seconds: u32) {
        let hosts = self.login_timeout.or_else(|| self.login_timeout());
        self.set_login_timeout(seconds);
        self.login_timeout = hosts;
    }

    fn set_login_timeout(&self, seconds: u32) {
        let value = seconds as usize as *mut std::ffi::c_void;
        // A driver that refuses keeps the timeout that it has, which is a valid one.
        // SAFETY: the attribute is an integer passed in place of the pointer, as the ODBC reference says.
        let _ = unsafe { target::SQLSetConnectAttr(self.hdbc, LOGIN_TIMEOUT, value, 0) };
    }
}

/// A connection's buffer while a renewed token may come into it: from the login to the disconnect.
///
/// Apart from the buffer, which stays until the driver has let go of it.
#[derive(Debug)]
struct Carried(Arc<TokenBuffer>);

impl Carrier for Carried {
    fn renew(&self, token: &AccessToken<'_>) -> bool {
        self.0.renew(token)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.counted {
            NEEDING_CARE.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
