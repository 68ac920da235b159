//! Cancellation of calls that wait for a token.

use entra_auth::token::Cancellation;

use super::object_table::ObjectTable;
use crate::panic_guard::catch_panic;

/// A way to end calls of entra_credential_get_token that wait, from another thread.
///
/// One cancellation may be given to any number of calls. Once cancelled it stays so.
pub struct entra_cancellation {
    _opaque: [u8; 0],
}

pub(crate) static CANCELLATIONS: ObjectTable<Cancellation> = ObjectTable::new();

/// A cancellation that is not cancelled yet; free it by entra_cancellation_free.
#[unsafe(no_mangle)]
pub extern "C" fn entra_cancellation_new() -> *mut entra_cancellation {
    catch_panic(|| CANCELLATIONS.add(Cancellation::new()), std::ptr::null_mut)
}

/// Ends the calls that wait with this cancellation, and all later ones: they fail with SQLSTATE HY008.
///
/// Returns at once. A request that nobody else waits for is broken off, a prompt included; what others wait for
/// goes on. May be called from any thread, but not from a signal handler. For NULL nothing happens.
#[unsafe(no_mangle)]
pub extern "C" fn entra_cancellation_cancel(cancellation: *const entra_cancellation) {
    catch_panic(
        || {
            if let Some(cancellation) = CANCELLATIONS.get(cancellation) {
                cancellation.cancel();
            }
        },
        || (),
    );
}

/// Frees a cancellation, which must not be used afterwards; calls that wait with it wait on. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn entra_cancellation_free(cancellation: *mut entra_cancellation) {
    catch_panic(|| drop(CANCELLATIONS.remove(cancellation)), || ());
}
