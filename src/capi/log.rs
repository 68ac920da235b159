//! The log, passed to a callback of the host's.

use std::{
    ffi::{c_char, c_void},
    sync::Arc,
};

use entra_auth::{Error, process::log};

use super::{
    call::{c_text, fallible},
    callback::{UserData, call_host},
    error::entra_error,
};
use crate::process_state;

/// Takes one line of the log, without its time: level 1 error, 2 warning, 3 info, 4 debug, 5 trace.
pub type entra_log_callback =
    Option<unsafe extern "C" fn(user: *mut c_void, level: i32, message: *const c_char)>;

/// Has the lines of the log told to your callback, from `level` (1 to 5) on: 3 is one line for each decision.
///
/// NULL takes the last one away, whatever the level. See "Callbacks" above: it is called on a thread of ours, one line
/// after the other, and lines that come while 1,000 wait are left out and counted. Lines hold names and ids, never a
/// secret. What ENTRA_ODBC_LOG asks for is written as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entra_on_log(
    callback: entra_log_callback,
    user: *mut c_void,
    level: i32,
    error: *mut *mut entra_error,
) -> i32 {
    // SAFETY: the arguments are as the header asks of the caller.
    unsafe {
        fallible(error, || {
            let levels = log::Level::ALL;
            let index = level.checked_sub(1).and_then(|level| usize::try_from(level).ok());
            let level = index.and_then(|index| levels.get(index)).copied();
            process_state::start();
            match (callback, level) {
                (Some(callback), Some(level)) => {
                    log::listen(level, listener(callback, UserData::new(user)));
                }
                (None, _) => log::listen_no_more(),
                (Some(_), None) => {
                    return Err(Error::invalid("the level of the log is none of 1 to 5"));
                }
            }
            Ok(())
        })
    }
}

fn listener(
    callback: unsafe extern "C" fn(*mut c_void, i32, *const c_char),
    user: UserData,
) -> log::Callback {
    Arc::new(move |level, line| {
        let line = c_text(line);
        // SAFETY: the host registered the function with this type; the line outlives the call.
        unsafe {
            call_host!(
                callback,
                user: *mut c_void = user.as_ptr(),
                level: i32 = level as i32,
                line: *const c_char = line.as_ptr(),
            );
        }
    })
}
