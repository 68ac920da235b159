//! Which functions there are, said in a way that leaves unixODBC its own fall-backs.
//!
//! unixODBC 2.3.11 looks up a driver's functions by name and maps calls of those it does not find to others:
//! `SQLCloseCursor` to `SQLFreeStmt`, `SQLParamOptions` and `SQLSetScrollOptions` to statement attributes. We
//! export every name of the table, so it finds them all. But after each connect it asks `SQLGetFunctions`, and
//! forgets what that denies (`SQLConnect.c`, `__connect_part_two`). So the target driver's answer is
//! corrected by what it really exports, and the manager is back at its own devices.

use odbc_sys::HDbc;

use crate::odbc::table::Function;

/// `SQL_API_ALL_FUNCTIONS`: an array of 100 truth values.
const ALL: u16 = 0;
/// `SQL_API_ODBC3_ALL_FUNCTIONS`: a bit for each function, in 250 words.
const ALL_ODBC3: u16 = 999;

/// Takes out of an answer of the target driver's `SQLGetFunctions` what it does not export.
///
/// # Safety
/// `supported` is null, or was written by a successful `SQLGetFunctions` for this `function`.
pub(crate) unsafe fn remove_unsupported(function: u16, supported: *mut u16) {
    if supported.is_null() {
        return;
    }
    for (_, number) in NUMBERS
        .iter()
        .filter(|(row, _)| !row.is_present() && !is_emulated(*row))
    {
        // SAFETY: within what SQLGetFunctions wrote.
        unsafe { set(function, supported, *number, false) };
    }
}

/// Functions that answer in another way if the driver lacks them, and are therefore there.
fn is_emulated(function: Function) -> bool {
    matches!(
        function,
        Function::SQLGetFunctions | Function::SQLSetConnectOptionW | Function::SQLGetConnectOptionW
    )
}

/// `SQLGetFunctions` for a driver that has none: what it exports.
///
/// # Safety
/// The arguments are those of the ODBC reference.
pub(in crate::odbc) unsafe extern "C" fn get_functions(
    _hdbc: HDbc,
    function: u16,
    supported: *mut u16,
) -> i16 {
    if supported.is_null() {
        return 0;
    }
    // SAFETY: the ODBC reference has the host provide 100 words, 250 words, or one.
    unsafe {
        let words = match function {
            ALL => 100,
            ALL_ODBC3 => 250,
            _ => 1,
        };
        supported.write_bytes(0, words);
        for (_, number) in NUMBERS
            .iter()
            .filter(|(row, _)| row.is_present() || is_emulated(*row))
        {
            set(function, supported, *number, true);
        }
    }
    0
}

/// Writes what is known of one function into an answer about `function`, which may be about others.
///
/// # Safety
/// `supported` points to as many words as belong to `function`.
unsafe fn set(function: u16, supported: *mut u16, number: u16, present: bool) {
    // SAFETY: the largest number is 1022, which is bit 14 of word 63.
    unsafe {
        match function {
            ALL if number < 100 => *supported.add(usize::from(number)) = u16::from(present),
            ALL_ODBC3 => {
                let word = supported.add(usize::from(number >> 4));
                let bit = 1 << (number & 15);
                *word = if present { *word | bit } else { *word & !bit };
            }
            one if one == number => *supported = u16::from(present),
            _ => {}
        }
    }
}

/// The numbers of the functions (`SQL_API_...` in unixODBC's sql.h and sqlext.h). A test finds what is not listed.
const NUMBERS: &[(Function, u16)] = &[
    (Function::SQLBindCol, 4),
    (Function::SQLCancel, 5),
    (Function::SQLColAttributeW, 6),
    (Function::SQLConnectW, 7),
    (Function::SQLDescribeColW, 8),
    (Function::SQLDisconnect, 9),
    (Function::SQLExecDirectW, 11),
    (Function::SQLExecute, 12),
    (Function::SQLFetch, 13),
    (Function::SQLFreeStmt, 16),
    (Function::SQLGetCursorNameW, 17),
    (Function::SQLNumResultCols, 18),
    (Function::SQLPrepareW, 19),
    (Function::SQLRowCount, 20),
    (Function::SQLSetCursorNameW, 21),
    (Function::SQLBulkOperations, 24),
    (Function::SQLColumnsW, 40),
    (Function::SQLDriverConnectW, 41),
    (Function::SQLGetConnectOptionW, 42),
    (Function::SQLGetData, 43),
    (Function::SQLGetFunctions, 44),
    (Function::SQLGetInfoW, 45),
    (Function::SQLGetTypeInfoW, 47),
    (Function::SQLParamData, 48),
    (Function::SQLPutData, 49),
    (Function::SQLSetConnectOptionW, 50),
    (Function::SQLSpecialColumnsW, 52),
    (Function::SQLStatisticsW, 53),
    (Function::SQLTablesW, 54),
    (Function::SQLBrowseConnectW, 55),
    (Function::SQLColumnPrivilegesW, 56),
    (Function::SQLDescribeParam, 58),
    (Function::SQLExtendedFetch, 59),
    (Function::SQLForeignKeysW, 60),
    (Function::SQLMoreResults, 61),
    (Function::SQLNativeSqlW, 62),
    (Function::SQLNumParams, 63),
    (Function::SQLParamOptions, 64),
    (Function::SQLPrimaryKeysW, 65),
    (Function::SQLProcedureColumnsW, 66),
    (Function::SQLProceduresW, 67),
    (Function::SQLSetPos, 68),
    (Function::SQLSetScrollOptions, 69),
    (Function::SQLTablePrivilegesW, 70),
    (Function::SQLBindParameter, 72),
    (Function::SQLAllocHandle, 1001),
    (Function::SQLCloseCursor, 1003),
    (Function::SQLCopyDesc, 1004),
    (Function::SQLEndTran, 1005),
    (Function::SQLFreeHandle, 1006),
    (Function::SQLGetConnectAttrW, 1007),
    (Function::SQLGetDescFieldW, 1008),
    (Function::SQLGetDescRecW, 1009),
    (Function::SQLGetDiagFieldW, 1010),
    (Function::SQLGetDiagRecW, 1011),
    (Function::SQLGetEnvAttr, 1012),
    (Function::SQLGetStmtAttrW, 1014),
    (Function::SQLSetConnectAttrW, 1016),
    (Function::SQLSetDescFieldW, 1017),
    (Function::SQLSetDescRec, 1018),
    (Function::SQLSetEnvAttr, 1019),
    (Function::SQLSetStmtAttrW, 1020),
    (Function::SQLFetchScroll, 1021),
    (Function::SQLCancelHandle, 1022),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing, reason = "a test may fail by panicking")]

    use super::*;
    use crate::odbc::table::{ROWS, Subject};

    #[test]
    fn each_exported_function_of_odbc_has_its_number() {
        let listed: Vec<&str> = NUMBERS.iter().map(|(function, _)| function.name()).collect();
        let missing: Vec<&str> = ROWS
            .iter()
            .filter(|row| {
                // The installer's and the bulk copy functions have no numbers.
                !matches!(
                    row.subject,
                    Subject::Installer | Subject::BulkCopy | Subject::BulkCopyRows
                )
            })
            .filter_map(|row| row.name.to_str().ok())
            // A function and its W form share a number.
            .filter(|name| {
                !listed.iter().any(|known| {
                    known.strip_suffix('W').unwrap_or(known) == name.strip_suffix('W').unwrap_or(name)
                })
            })
            .collect();
        assert!(missing.is_empty(), "not in NUMBERS: {missing:?}");
    }

    #[test]
    fn no_number_stands_for_two_functions() {
        let mut numbers: Vec<u16> = NUMBERS.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), NUMBERS.len());
    }

    // No driver is loaded in unit tests: only what answers by itself is there.

    #[test]
    fn what_is_not_exported_is_denied() {
        let (mut words, mut array, mut one) = ([u16::MAX; 250], [1u16; 100], 1u16);
        // SAFETY: the arrays have the sizes that the functions ask for.
        unsafe {
            remove_unsupported(ALL_ODBC3, words.as_mut_ptr());
            remove_unsupported(ALL, array.as_mut_ptr());
            remove_unsupported(1003, &raw mut one);
        }
        let bit = |number: usize| (words[number / 16] >> (number % 16)) & 1;
        assert_eq!(bit(1003), 0, "SQLCloseCursor");
        assert_eq!(bit(50), 1, "SQLSetConnectOption");
        assert_eq!((array[64], array[50], one), (0, 1, 0));
    }

    #[test]
    fn a_driver_without_sqlgetfunctions_gets_an_answer_from_its_exports() {
        let mut words = [u16::MAX; 250];
        // SAFETY: the array has the size that the function asks for.
        unsafe { get_functions(HDbc(std::ptr::null_mut()), ALL_ODBC3, words.as_mut_ptr()) };
        assert_eq!(words.iter().map(|word| word.count_ones()).sum::<u32>(), 3);
    }
}
