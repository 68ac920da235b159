//! The certificates are loaded while the first token is requested.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use entra_auth::process::{
    fork::{Lock, Process},
    runtime::with_signals_blocked,
};

use super::LIBRARIES;
use super::authorities::Authorities;
use super::functions::OpenSsl;
use super::shared_store::{self, Load, Permit};
use crate::os::library::Library;
use crate::panic_guard::catch_panic;

/// How long the end of the process waits for it. What comes after is the end of OpenSSL under that thread.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a fork waits for it. It may take a lock of the loader's, which the forking thread may hold.
const FORK_TIMEOUT: Duration = Duration::from_secs(1);

/// The load of the thread of this process.
static THREAD: Lock<Option<(Process, Arc<Load>)>> = Lock::new(None);

/// Waits for the thread that loads, if there is one, before the process forks.
pub(in crate::odbc::target_driver) fn wait_for_thread() {
    wait(FORK_TIMEOUT);
}

fn wait(timeout: Duration) {
    let load = THREAD
        .lock()
        .as_ref()
        .filter(|(process, _)| *process == Process::current())
        .map(|(_, load)| load.clone());
    if let Some(load) = load {
        load.wait(timeout);
    }
}

/// Loads the certificates on a thread of its own, before the first connection needs them; once per process.
pub(in crate::odbc::target_driver) fn load_ahead() {
    static BEGUN: Lock<Option<Process>> = Lock::new(None);
    let process = Process::current();
    if shared_store::is_off() || BEGUN.lock().replace(process) == Some(process) {
        return;
    }
    // What the driver does next in any case, on this thread: the new one takes no lock of the loader's, and OpenSSL
    // has said that it cleans up at exit before we say that we wait.
    let [library, ..] = LIBRARIES;
    let Ok(library) = Library::open(Path::new(library)) else {
        return;
    };
    let Ok(openssl) = OpenSsl::of_version_3(|name| library.symbol(name)) else {
        return;
    };
    openssl.initialise();
    let authorities = Authorities::now(&openssl);
    if !authorities.may_be_kept() || !wait_at_exit() {
        return;
    }
    let Some(permit) = shared_store::permit_if_empty(process) else {
        return;
    };
    *THREAD.lock() = Some((process, permit.load()));
    let body = move || catch_panic(|| load(&openssl, authorities, permit), || ());
    // A thread that cannot be had is no reason to fail: the first connection loads them.
    let _ = with_signals_blocked(|| thread::Builder::new().name("entra-odbc-ca".into()).spawn(body));
}

/// As the driver does it for a connection.
fn load(openssl: &OpenSsl, authorities: Authorities, permit: Permit) {
    let start = Instant::now();
    // SAFETY: a context of our own, made and freed here, of the OpenSSL that the functions are of. OpenSSL gives up what it has
    // for this thread, which uses it no more.
    unsafe {
        let context = (openssl.ctx_new)((openssl.client_method)());
        if !context.is_null() {
            (openssl.set_default_verify_paths)(context);
            permit.keep(openssl, context, authorities, start, true);
            (openssl.ctx_free)(context);
        }
        (openssl.thread_stop)();
    }
    drop(permit);
}

/// Has the process wait at its exit for a thread that still loads, before OpenSSL frees what that thread uses; whether it will.
fn wait_at_exit() -> bool {
    extern "C" fn at_exit() {
        catch_panic(|| wait(EXIT_TIMEOUT), || ());
    }
    static IS_REGISTERED: AtomicBool = AtomicBool::new(false);
    // SAFETY: the function is one of this library, which is never unloaded. Handlers run in the reverse order of their
    // registration (atexit(3)).
    IS_REGISTERED.swap(true, Ordering::Relaxed) || unsafe { libc::atexit(at_exit) } == 0
}
