//! Cancellation of calls that wait for a token.

use std::sync::Arc;

use entra_auth::{Error, token::Cancellation};

use super::{call::object, object_table::ObjectTable};
use crate::panic_guard::catch_panic;

/// A way to end calls of entra_credential_get_token that wait, from another thread, and requests of
/// entra_credential_request_token.
///
/// One cancellation may be given to any number of them. Once cancelled it stays so.
pub struct entra_cancellation {
    _opaque: [u8; 0],
}

static CANCELLATIONS: ObjectTable<Cancellation> = ObjectTable::new();

/// The cancellation behind a handle, which may be NULL.
pub(super) fn optional_cancellation(
    cancellation: *const entra_cancellation,
) -> Result<Option<Arc<Cancellation>>, Error> {
    if cancellation.is_null() {
        return Ok(None);
    }
    object(&CANCELLATIONS, cancellation, "cancellation").map(Some)
}

/// A cancellation that is not cancelled yet; free it by entra_cancellation_free.
#[unsafe(no_mangle)]
pub extern "C" fn entra_cancellation_new() -> *mut entra_cancellation {
    catch_panic(|| CANCELLATIONS.add(Cancellation::new()), std::ptr::null_mut)
}

/// Ends what waits with this cancellation, and all that is begun with it later: it fails with SQLSTATE HY008.
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
