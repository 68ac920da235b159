//! The store of CA certificates that the driver's connections share.

use std::ffi::{c_int, c_ulong};
use std::mem;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use entra_auth::process::{
    fork::{Lock, Process},
    log::Milliseconds,
    runtime::with_signals_blocked,
};

use super::LIBRARIES;
use super::authorities::Authorities;
use super::functions::{OpenSsl, SslCtx, X509Store};
use crate::os::library::Library;
use crate::panic_guard::catch_panic;

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
        load.wait();
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
            // SAFETY: both are of this OpenSSL, and the context takes a reference of its own. The real function
            // leaves no errors in the thread's queue either.
            unsafe {
                (openssl.set1_cert_store)(context, store.store.as_ptr());
                (openssl.clear_error)();
            }
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

/// A store, all of whose certificates come from the bundle.
struct SharedStore {
    openssl: OpenSsl,
    store: NonNull<X509Store>,
    authorities: Authorities,
    /// As it was when it was loaded.
    loaded: Fingerprint,
}

// SAFETY: OpenSSL counts references and guards the certificates by a lock of the store's own, so that one SSL_CTX may serve
// many threads (openssl-threads(7)).
unsafe impl Send for SharedStore {}
// SAFETY: as above.
unsafe impl Sync for SharedStore {}

impl Drop for SharedStore {
    fn drop(&mut self) {
        // SAFETY: gives back the reference that `keep` took.
        unsafe { (self.openssl.store_free)(self.store.as_ptr()) };
    }
}

#[derive(PartialEq, Eq)]
enum Condition {
    AsLoaded,
    /// Certificates were looked up in a directory, and added.
    Grown,
    Altered,
}

impl SharedStore {
    fn condition(&self) -> Condition {
        // SAFETY: a store of this OpenSSL, of which a reference is held.
        let now = unsafe { Fingerprint::of(&self.openssl, self.store.as_ptr()) };
        if now == self.loaded {
            Condition::AsLoaded
        } else if (Fingerprint {
            objects: now.objects,
            ..self.loaded
        }) == now
        {
            Condition::Grown
        } else {
            Condition::Altered
        }
    }
}

/// What can be told of a store.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    objects: c_int,
    flags: c_ulong,
    depth: c_int,
    functions: [usize; 2],
}

impl Fingerprint {
    /// # Safety
    /// `store` is one of this OpenSSL, and stays.
    unsafe fn of(openssl: &OpenSsl, store: *mut X509Store) -> Self {
        // SAFETY: by the caller; the certificates are counted under the store's lock.
        unsafe {
            (openssl.store_lock)(store);
            let objects = (openssl.count)((openssl.store_objects)(store));
            (openssl.store_unlock)(store);
            let param = (openssl.store_param)(store);
            Self {
                objects,
                flags: (openssl.param_flags)(param),
                depth: (openssl.param_depth)(param),
                functions: [
                    (openssl.store_verify)(store).addr(),
                    (openssl.store_verify_cb)(store).addr(),
                ],
            }
        }
    }

    /// # Safety
    /// `context` is an `SSL_CTX` of this OpenSSL.
    unsafe fn of_context(openssl: &OpenSsl, context: *mut SslCtx) -> Option<Self> {
        // SAFETY: by the caller; the context holds its store.
        unsafe {
            let store = (openssl.get_cert_store)(context);
            (!store.is_null()).then(|| Self::of(openssl, store))
        }
    }
}

/// A load, for those who wait for it.
#[derive(Default)]
struct Load {
    is_over: Mutex<bool>,
    over: Condvar,
}

impl Load {
    fn wait(&self) {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        // Not longer, whether or not it is over: the caller looks again.
        let _ = self
            .over
            .wait_timeout_while(is_over, LOAD_TIMEOUT, |is_over| !*is_over);
    }

    fn finish(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.notify_all();
    }
}

/// The right to load, of one thread at a time; without a result, the next one may.
struct Permit {
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

    /// Keeps the store of this context, unless the files changed while they were read, or there is nothing in it.
    ///
    /// # Safety
    /// As for [`set_default_verify_paths`].
    unsafe fn keep(
        self,
        openssl: &OpenSsl,
        context: *mut SslCtx,
        authorities: Authorities,
        start: Instant,
        is_ahead: bool,
    ) {
        if Authorities::now(openssl) != authorities {
            return;
        }
        // SAFETY: by the caller; the context holds its store until a reference of our own is taken.
        let store = unsafe {
            let Some(loaded) = Fingerprint::of_context(openssl, context) else {
                return;
            };
            let Some(store) = NonNull::new((openssl.get_cert_store)(context)) else {
                return;
            };
            if loaded.objects <= 0 || (openssl.store_up_ref)(store.as_ptr()) != 1 {
                return;
            }
            SharedStore {
                openssl: *openssl,
                store,
                authorities,
                loaded,
            }
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

/// Loads the certificates on a thread of its own, before the first connection needs them; once per process.
pub(in crate::odbc::target_driver) fn load_ahead() {
    static BEGUN: Lock<Option<Process>> = Lock::new(None);
    let process = Process::current();
    if IS_OFF.load(Ordering::Relaxed) || BEGUN.lock().replace(process) == Some(process) {
        return;
    }
    let permit = {
        let mut state = STATE.lock();
        match state.of(process) {
            State::Empty => Permit::take(&mut state, process),
            State::Loading(..) | State::Kept(..) => return,
        }
    };
    let body = || catch_panic(|| load(permit), || ());
    // A thread that cannot be had is no reason to fail: the first connection loads them.
    let _ = with_signals_blocked(|| thread::Builder::new().name("entra-odbc-ca".into()).spawn(body));
}

/// As the driver does it for a connection.
fn load(permit: Permit) {
    let start = Instant::now();
    let [library, ..] = LIBRARIES;
    let Ok(library) = Library::open(Path::new(library)) else {
        return;
    };
    let Ok(openssl) = OpenSsl::of_version_3(|name| library.symbol(name)) else {
        return;
    };
    openssl.initialise();
    let authorities = Authorities::now(&openssl);
    if !authorities.may_be_kept() {
        return;
    }
    // SAFETY: a context of our own, made and freed here, of the OpenSSL that the functions are of.
    unsafe {
        let context = (openssl.ctx_new)((openssl.client_method)());
        if context.is_null() {
            return;
        }
        (openssl.set_default_verify_paths)(context);
        permit.keep(&openssl, context, authorities, start, true);
        (openssl.ctx_free)(context);
    }
}
