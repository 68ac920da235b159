//! Connection strings for the stock driver.

use std::ffi::c_char;

use entra_odbc_core::plan;
use zeroize::Zeroizing;

use super::{
    call::{giving, text},
    error::entra_error,
    text::entra_text,
};
use crate::service;

/// Rewrites a connection string for the stock driver, beside which a token of ours is set: our keywords go.
///
/// All the rest stays as it was, with two exceptions that keep the token from going astray: to servers of Azure
/// TrustServerCertificate=no is added (and Encrypt=no is an error), and what a DSN= says against a token is overridden.
/// Without SERVER= (in the string or its DSN) it is an error, since then nobody can tell whether a token may go there. A
/// string that asks for none of our sign-in kinds stays as it is. The text is yours, to be freed by entra_text_free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_stock_connection_string(
    connection_string: *const c_char,
    stock: *mut *mut entra_text,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        giving(stock, error, || {
            let text = text(connection_string, "connection string")?;
            service::start();
            let units: Zeroizing<Vec<u16>> = Zeroizing::new(text.encode_utf16().collect());
            let stock = service::with_surroundings(|around| plan::stock(&units, around))?;
            let stock = Zeroizing::new(String::from_utf16_lossy(&stock));
            Ok(entra_text::hand_out(&stock))
        })
    }
}
