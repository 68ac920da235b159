//! Diagnostics: our own records if there are any, else the target driver's.

use odbc_sys::{HDbc, Handle, HandleType, Pointer, SqlReturn, WChar};

use crate::odbc::{
    connections,
    diagnostic_record::{self, Record},
    target, unsupported,
};

/// `SQL_DIAG_NUMBER` (sql.h): how many records there are.
const DIAG_NUMBER: i16 = 2;

/// `SQLGetDiagRecW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
#[allow(clippy::too_many_arguments)]
pub(crate) unsafe fn get_diag_rec(
    handle_type: i16,
    handle: Handle,
    number: i16,
    state: *mut WChar,
    native: *mut i32,
    message: *mut WChar,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe {
        if let Some(answer) =
            unsupported::get_diag_rec(handle.0, number, state, native, message, capacity, length)
        {
            return answer;
        }
        match source(handle_type, handle, number) {
            Source::Ours(records) => {
                diagnostic_record::get_rec(&records, number, state, native, message, capacity, length)
            }
            Source::Drivers { number, .. } => target::SQLGetDiagRecW(
                handle_type,
                handle,
                number,
                state,
                native,
                message,
                capacity,
                length,
            ),
        }
    }
}

/// `SQLGetDiagFieldW`.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(crate) unsafe fn get_diag_field(
    handle_type: i16,
    handle: Handle,
    number: i16,
    field: i16,
    value: Pointer,
    capacity: i16,
    length: *mut i16,
) -> SqlReturn {
    // SAFETY: the host's arguments, passed on.
    unsafe {
        if let Some(answer) = unsupported::get_diag_field(handle.0, number, field, value, capacity, length) {
            return answer;
        }
        match source(handle_type, handle, number) {
            Source::Ours(records) => {
                diagnostic_record::get_field(&records, number, field, value, capacity, length)
            }
            Source::Drivers { number, after } => {
                let answer =
                    target::SQLGetDiagFieldW(handle_type, handle, number, field, value, capacity, length);
                if after > 0 && field == DIAG_NUMBER && answer == SqlReturn::SUCCESS && !value.is_null() {
                    let count = value.cast::<i32>();
                    count.write_unaligned(count.read_unaligned().saturating_add(i32::from(after)));
                }
                answer
            }
        }
    }
}

/// Who has the record of a number.
enum Source {
    /// We do.
    Ours(Vec<Record>),
    /// The driver does, under a number of its own since `after` of ours come first.
    Drivers { number: i16, after: i16 },
}

fn source(handle_type: i16, handle: Handle, number: i16) -> Source {
    let records = (handle_type == HandleType::Dbc as i16).then(|| connections::records(HDbc(handle.0)));
    let Some((ours, then_drivers)) = records.flatten() else {
        return Source::Drivers { number, after: 0 };
    };
    let after = i16::try_from(ours.len()).unwrap_or(i16::MAX);
    match number {
        // The header, for the driver's records and ours together.
        0 if then_drivers => Source::Drivers { number, after },
        number if then_drivers && number > after => Source::Drivers {
            number: number - after,
            after,
        },
        _ => Source::Ours(ours),
    }
}
