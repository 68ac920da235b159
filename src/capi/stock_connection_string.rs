//! Connection strings for Microsoft's driver.

use std::ffi::c_char;

use entra_odbc_core::connect::unwrapped;
use zeroize::Zeroizing;

use super::{
    call::{fallible_with_output, text},
    error::entra_error,
    text_object::entra_text,
};
use crate::process_state;

/// Rewrites a connection string for Microsoft's driver, beside which a token is set: our keywords go, and the server and its
/// certificate are named before all else, so that the token goes there and nowhere else.
///
/// The rules of docs/trust.md decide, as in a connect of the ODBC driver: a server that a token may not go to is an error
/// (HY000) that says what to do, and so is a string without SERVER= (in it or in its DSN). They are applied whoever brings
/// the token, also to a string that has none of our authentication modes, and for a token of SQL Server's audience whatever Scope=
/// says; a string that leaves the sign-in to the driver by Authentication= is an error. A DSN= becomes the DRIVER= that it
/// names and what it says. Where nothing vouches for the server (TrustServerCertificate=yes, Encrypt=no) it is asked
/// whether it redirects, once in five minutes, for at most 15 seconds. The text is yours, to be freed by entra_text_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_stock_connection_string(
    connection_string: *const c_char,
    stock: *mut *mut entra_text,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible_with_output(stock, error, || {
            let text = text(connection_string, "connection string")?;
            process_state::start();
            let units: Zeroizing<Vec<u16>> = Zeroizing::new(text.encode_utf16().collect());
            let stock = process_state::with_connect_context(|context| unwrapped::string(&units, context))?;
            let stock = Zeroizing::new(String::from_utf16_lossy(&stock));
            Ok(entra_text::new_handle(&stock))
        })
    }
}
