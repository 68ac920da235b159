//! Finds the `SQLSetConnectAttr` of the driver manager in this process.

use std::{ffi::c_void, ptr::NonNull};

use entra_auth::Error;

use crate::{
    odbc::{ACCESS_TOKEN, IS_POINTER},
    os::library::{self, Library},
};

type Function = unsafe extern "C" fn(*mut c_void, i32, *mut c_void, i32) -> i16;

/// The function of a driver manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SetConnectAttr(NonNull<c_void>);

impl SetConnectAttr {
    /// The one at this address, unless that is NULL.
    pub(super) fn from_address(address: *mut c_void) -> Option<Self> {
        NonNull::new(address).map(Self)
    }

    /// The one that the program itself would call, else that of the one driver manager in the process.
    pub(super) fn find() -> Result<Self, Error> {
        if let Some(global) = library::global_symbol(c"SQLSetConnectAttr") {
            if belongs_to_driver(global) {
                return Err(Error::invalid(
                    "the program's SQLSetConnectAttr is that of a driver, not of a driver manager",
                )
                .remedy(
                    "Link the program with -lentra_odbc_api (pkg-config entra-odbc), not with the driver.",
                ));
            }
            return Ok(Self(global));
        }
        let mut found: Vec<NonNull<c_void>> = library::loaded_files()
            .iter()
            .filter_map(|file| library::with_loaded(file, driver_manager_function).flatten())
            .collect();
        found.sort();
        found.dedup();
        let why = match found.as_slice() {
            [one] => return Ok(Self(*one)),
            [] => "no driver manager (libodbc) is loaded",
            [..] => "several driver managers (libodbc) are loaded",
        };
        Err(
            Error::invalid(format!("SQLSetConnectAttr cannot be found: {why}"))
                .remedy("Pass the address of the program's own SQLSetConnectAttr as set_connect_attr."),
        )
    }

    /// Sets the attribute.
    ///
    /// # Safety
    /// The function is the `SQLSetConnectAttr` that belongs to the handle, and the token's memory stays.
    pub(super) unsafe fn call(self, hdbc: *mut c_void, token: *mut c_void) -> i16 {
        // SAFETY: the signature that the ODBC reference gives to the function, which the caller vouches for.
        unsafe {
            let function = std::mem::transmute::<NonNull<c_void>, Function>(self.0);
            function(hdbc, ACCESS_TOKEN, token, IS_POINTER)
        }
    }
}

/// The function of a library that is a driver manager. Drivers do not have `SQLDrivers`, which lists them.
fn driver_manager_function(library: Library) -> Option<NonNull<c_void>> {
    let function = library.symbol(c"SQLSetConnectAttr")?;
    let lists = library
        .symbol(c"SQLDrivers")
        .or_else(|| library.symbol(c"SQLDriversW"))?;
    // A library's symbols are those of what it depends on as well.
    (library::load_address(function.as_ptr()) == library::load_address(lists.as_ptr())).then_some(function)
}

/// Whether a function belongs to a driver: most likely to this library, where the program is linked with it.
fn belongs_to_driver(function: NonNull<c_void>) -> bool {
    let file = library::file_containing(function.as_ptr());
    // A program that is no library has its driver manager inside.
    file.and_then(|file| library::with_loaded(&file, driver_manager_function))
        .is_some_and(|managers| managers != Some(function))
}
