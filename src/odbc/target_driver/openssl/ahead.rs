//! The certificates are loaded while the first token is requested.

use std::path::Path;
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
use super::shared_store::{self, Permit};
use crate::os::library::Library;
use crate::panic_guard::catch_panic;

/// How long the end of the process waits for it. What comes after is the end of OpenSSL under that thread.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);

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
    extern "C" fn wait() {
        catch_panic(|| shared_store::wait_for_load(EXIT_TIMEOUT), || ());
    }
    static IS_REGISTERED: AtomicBool = AtomicBool::new(false);
    // SAFETY: the function is one of this library, which is never unloaded. Handlers run in the reverse order of their
    // registration (atexit(3)).
    IS_REGISTERED.swap(true, Ordering::Relaxed) || unsafe { libc::atexit(wait) } == 0
}
