//! The store of CA certificates that the driver's connections share: who loads it, who gets it.

use std::ffi::c_int;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use entra_auth::process::{
    fork::{Lock, Process},
    log::Milliseconds,
};

use super::authorities::Authorities;
use super::functions::{OpenSsl, SslCtx};
use super::store::{Condition, Fingerprint, SharedStore};

/// How long a connection waits for another thread that loads the certificates. That thread may need a lock that this one
/// holds: a program may connect while a library is being loaded, which the loader does one at a time.
const LOAD_TIMEOUT: Duration = Duration::from_secs(1);

/// The driver that connects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Driver {
    /// It deals with its connections by the functions of the tested versions.
    Known,
    /// By others as well.
    Unknown,
}

static STATE: Lock<State> = Lock::new(State::Empty);
static IS_OFF: AtomicBool = AtomicBool::new(false);
/// Whether two stores of an unknown driver's own were equal.
static IS_COMPARED: AtomicBool = AtomicBool::new(false);

enum State {
    Empty,
    /// One thread of this process loads them.
    Loading(Process, Arc<Load>),
    /// Of this process: in a forked child, a lock inside the store may be held by a thread that exists no longer.
    Kept(Process, Arc<SharedStore>),
}

impl State {
    /// Forgets what another process left: it must not even be freed.
    fn of(&mut self, process: Process) -> &mut Self {
        if let Self::Loading(owner, _) | Self::Kept(owner, _) = self
            && *owner != process
        {
            mem::forget(mem::replace(self, Self::Empty));
        }
        self
    }
}

/// Says why every connection has its own store from now on.
pub(super) fn turn_off(reason: &str) {
    if !IS_OFF.swap(true, Ordering::Relaxed) {
        tracing::info!(target: "entra_odbc", event = "ca_cache_off", reason);
    }
    let state = mem::replace(STATE.lock().of(Process::current()), State::Empty);
    // Freed after the lock is.
    drop(state);
}

/// Gives the context the default CA certificates: those of the shared store, or its own by the real function.
///
/// # Safety
/// `context` is an `SSL_CTX` of this OpenSSL, used by no other thread.
pub(super) unsafe fn set_default_verify_paths(
    openssl: &OpenSsl,
    context: *mut SslCtx,
    driver: Driver,
) -> c_int {
    // SAFETY: by the caller.
    let own = || unsafe { (openssl.set_default_verify_paths)(context) };
    if IS_OFF.load(Ordering::Relaxed) {
        return own();
    }
    let authorities = Authorities::now(openssl);
    if !authorities.may_be_kept() {
        return own();
    }
    let mut found = find(openssl, &authorities);
    if let Found::Loading(load) = &found {
        load.wait(LOAD_TIMEOUT);
        found = find(openssl, &authorities);
    }
    match found {
        Found::Store(store) if driver == Driver::Unknown && !IS_COMPARED.load(Ordering::Relaxed) => {
            let answer = own();
            // SAFETY: by the caller.
            unsafe { compare(&store, openssl, context) };
            answer
        }
        Found::Store(store) => {
            // SAFETY: by the caller; `find` gives a store of the same OpenSSL.
            unsafe { store.attach(context) };
            tracing::debug!(target: "entra_odbc", event = "ca_certificates_shared");
            1
        }
        Found::Loading(_) | Found::Off => own(),
        Found::Nothing(permit) => {
            let start = Instant::now();
            let answer = own();
            // SAFETY: by the caller.
            unsafe { permit.keep(openssl, context, authorities, start, false) };
            answer
        }
    }
}

/// Gives the right to load, where nobody loads and nothing is kept.
pub(super) fn permit_if_empty(process: Process) -> Option<Permit> {
    let mut state = STATE.lock();
    match state.of(process) {
        State::Empty => Some(Permit::take(&mut state, process)),
        State::Loading(..) | State::Kept(..) => None,
    }
}

/// Whether nothing is shared.
pub(super) fn is_off() -> bool {
    IS_OFF.load(Ordering::Relaxed)
}

enum Found {
    /// To be attached.
    Store(Arc<SharedStore>),
    /// Another thread loads it.
    Loading(Arc<Load>),
    /// The caller loads it.
    Nothing(Permit),
    Off,
}

fn find(openssl: &OpenSsl, authorities: &Authorities) -> Found {
    let process = Process::current();
    let kept = {
        let mut state = STATE.lock();
        match state.of(process) {
            State::Loading(_, load) => return Found::Loading(load.clone()),
            State::Kept(_, store) if store.openssl.is(openssl) && store.authorities == *authorities => {
                store.clone()
            }
            // What was kept goes once the lock is free.
            State::Empty | State::Kept(..) => return Found::Nothing(Permit::take(&mut state, process)),
        }
    };
    match kept.condition() {
        Condition::AsLoaded => Found::Store(kept),
        Condition::Grown => {
            let mut state = STATE.lock();
            match state.of(process) {
                State::Kept(_, store) if Arc::ptr_eq(store, &kept) => {
                    Found::Nothing(Permit::take(&mut state, process))
                }
                // Another thread has found out as well, and loads.
                State::Loading(_, load) => Found::Loading(load.clone()),
                State::Empty | State::Kept(..) => Found::Off,
            }
        }
        Condition::Altered => {
            turn_off("the driver changes the settings of the store");
            Found::Off
        }
    }
}

/// Compares the store of an unknown driver's second connection with what the first one left.
///
/// # Safety
/// As for [`set_default_verify_paths`].
unsafe fn compare(kept: &SharedStore, openssl: &OpenSsl, context: *mut SslCtx) {
    // SAFETY: by the caller.
    let own = unsafe { Fingerprint::of_context(openssl, context) };
    if own == Some(kept.loaded) && kept.condition() == Condition::AsLoaded {
        IS_COMPARED.store(true, Ordering::Relaxed);
    } else {
        turn_off("two connections of this driver have different stores");
    }
}

/// A load, for those who wait for it.
#[derive(Default)]
pub(super) struct Load {
    is_over: Mutex<bool>,
    over: Condvar,
}

impl Load {
    pub(super) fn wait(&self, timeout: Duration) {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        // Not longer, whether or not it is over: the caller looks again.
        let _ = self
            .over
            .wait_timeout_while(is_over, timeout, |is_over| !*is_over);
    }

    fn finish(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.notify_all();
    }
}

/// The right to load, of one thread at a time; without a result, the next one may.
pub(super) struct Permit {
    process: Process,
    load: Arc<Load>,
    /// What was kept before, freed with the permit: outside of the lock.
    _former: State,
}

impl Permit {
    fn take(state: &mut State, process: Process) -> Self {
        let load = Arc::new(Load::default());
        let former = mem::replace(state, State::Loading(process, load.clone()));
        Self {
            process,
            load,
            _former: former,
        }
    }

    /// The load, for others to wait for.
    pub(super) fn load(&self) -> Arc<Load> {
        self.load.clone()
    }

    /// Keeps the store of this context, unless the files changed while they were read, or there is nothing in it.
    ///
    /// # Safety
    /// As for [`set_default_verify_paths`].
    pub(super) unsafe fn keep(
        &self,
        openssl: &OpenSsl,
        context: *mut SslCtx,
        authorities: Authorities,
        start: Instant,
        is_ahead: bool,
    ) {
        if Authorities::now(openssl) != authorities {
            return;
        }
        // SAFETY: by the caller.
        let Some(store) = (unsafe { SharedStore::of(openssl, context, authorities) }) else {
            return;
        };
        tracing::info!(
            target: "entra_odbc",
            event = "ca_certificates_loaded",
            file = %store.authorities.bundle().display(),
            objects = store.loaded.objects,
            ahead = is_ahead,
            ms = %Milliseconds(start.elapsed()),
        );
        let store = Arc::new(store);
        let mut state = STATE.lock();
        if self.is_current(&mut state) && !IS_OFF.load(Ordering::Relaxed) {
            *state = State::Kept(self.process, store);
        }
    }

    fn is_current(&self, state: &mut State) -> bool {
        matches!(state.of(Process::current()), State::Loading(_, load) if Arc::ptr_eq(load, &self.load))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = STATE.lock();
        if self.is_current(&mut state) {
            *state = State::Empty;
        }
        drop(state);
        self.load.finish();
    }
}
