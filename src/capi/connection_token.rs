//! Tokens on the connection handles of a driver manager.

mod attached;
mod driver_manager;

use std::ffi::{c_char, c_void};

use entra_auth::{Error, token::Wait};
use entra_odbc_core::driver::access_token_struct::AccessTokenStruct;

use super::{
    call::{fallible, null, optional_text},
    credential::{Credential, deadline, entra_credential},
    error::entra_error,
};
use crate::panic_guard::catch_panic;
use attached::AttachedToken;
use driver_manager::SetConnectAttr;

/// Gets a token and sets it on a driver manager's connection handle, before that is connected.
///
/// hdbc: the handle, allocated and not connected.
/// credential, scope, timeout_ms: as for entra_credential_get_token.
/// set_connect_attr: the address of the SQLSetConnectAttr (or ...W) that belongs to the handle. NULL: the one in the
/// program's global scope, else that of the one driver manager that is loaded; none or several is an error (HY000). No
/// library is loaded for it.
///
/// This call cannot see the server, so nothing keeps the token from going to a wrong one but the string that you connect
/// with: take it from entra_stock_connection_string, which checks where the token goes. Driver 18 also refuses UID, PWD,
/// Authentication and Trusted_Connection beside a token, and prompts (use SQL_DRIVER_NOPROMPT).
///
/// A driver manager that pools connections (unixODBC with Pooling=Yes in odbcinst.ini, and from 2.3.12 on where a program
/// asks for it) knows them by their string alone: with Microsoft's driver itself, a second person's token beside an equal
/// string gets the first one's connection. Have the strings of different people differ there, by APP= for instance.
///
/// The driver keeps the pointer to the token, and reads it again whenever it reconnects an idle connection. So the token
/// stays in memory, and is replaced by each renewed one, until entra_release_access_token is called for the handle: not
/// before its connection is closed and, where the driver manager pools connections, not before the program ends. Setting
/// one on the same handle again takes the place of the last one.
///
/// A handle may be freed while the driver manager keeps its connection, and its address given out again: then the token
/// of another identity gets memory of its own, and the last one's is zeroed. That memory is never unmapped and never
/// used for another identity. So a pooled connection that is lost comes back as whom it was opened for, where the next
/// token of that identity has taken the place, or breaks; it neither crashes nor becomes somebody else. Each handle
/// with a token costs 16 KiB; a token that was given up costs address space until its identity has another one.
///
/// Errors are those of entra_credential_get_token, and HY000 where the driver manager refuses the token: then the
/// diagnostics of hdbc say why (HY011 where it is connected already). HY000 also once 64 GiB of addresses are reserved,
/// after some four million tokens that were given up, each of another identity: restart the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_set_access_token(
    hdbc: *mut c_void,
    credential: *const entra_credential,
    scope: *const c_char,
    timeout_ms: u32,
    set_connect_attr: *mut c_void,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible(error, || {
            if hdbc.is_null() {
                return Err(null("hdbc"));
            }
            let credential = Credential::from_handle(credential)?;
            let scope = optional_text(scope, "scope")?;
            let set_connect_attr = match SetConnectAttr::from_address(set_connect_attr) {
                Some(given) => given,
                None => SetConnectAttr::find()?,
            };
            let wait = Wait::until(deadline(timeout_ms));
            let (sign_in, obtained) = credential.token(scope, wait)?;
            let token = AccessTokenStruct::new(&obtained.token().text)?;
            let attached = AttachedToken::for_handle(hdbc, &sign_in, obtained.token(), &token)?;
            let answer = set_connect_attr.call(hdbc, attached.pointer());
            attached.finish(answer, &sign_in, obtained.token())
        })
    }
}

/// Gives up the token that entra_set_access_token keeps for a handle. It is zeroed, and renewed no more; its addresses
/// stay reserved for the same identity.
///
/// Call it once the connection is closed. Where it is not, the driver finds no token the next time that it reconnects,
/// and the connection breaks. A handle without a token is no error; NULL is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_release_access_token(hdbc: *mut c_void, error: *mut *mut entra_error) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible(error, || {
            if hdbc.is_null() {
                return Err(null("hdbc"));
            }
            attached::release(hdbc);
            Ok(())
        })
    }
}

/// How many handles have a token that entra_set_access_token keeps.
#[unsafe(no_mangle)]
pub extern "C" fn entra_access_tokens_held() -> usize {
    catch_panic(attached::count, || 0)
}

/// The driver manager did not take the token.
fn refused(answer: i16) -> Error {
    Error::invalid(format!("SQLSetConnectAttr answered {answer} to the access token"))
        .remedy("Set it before connecting, on a handle of the same driver manager; SQLGetDiagRec says more.")
}
