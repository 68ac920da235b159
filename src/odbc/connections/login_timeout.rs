//! The login timeout of a connection, shortened while a connect of ours runs.

use std::{ffi::c_void, ptr::null_mut};

use odbc_sys::{HDbc, SqlReturn};

use crate::odbc::target;

/// `SQL_ATTR_LOGIN_TIMEOUT` (sqlext.h), in seconds.
pub(crate) const LOGIN_TIMEOUT: i32 = 103;

/// The login timeout that the target driver has, and the host's where that is another one.
#[derive(Debug)]
pub(crate) struct LoginTimeout {
    hdbc: HDbc,
    /// The host's, to be set again.
    saved: Option<u32>,
    /// Whether the application has set it: Driver 18.6 answers with its default where nobody has.
    is_applications: bool,
}

impl LoginTimeout {
    pub(super) fn new(hdbc: HDbc) -> Self {
        Self {
            hdbc,
            saved: None,
            is_applications: false,
        }
    }

    /// The application has set the timeout.
    pub(crate) fn note_applications(&mut self) {
        self.is_applications = true;
    }

    /// Whether the application has set the timeout.
    pub(crate) fn is_applications(&self) -> bool {
        self.is_applications
    }

    /// The timeout in seconds as the driver has it: the host's, or its own default.
    pub(crate) fn get(&self) -> Option<u32> {
        let mut seconds = 0u32;
        let value = (&raw mut seconds).cast();
        // SAFETY: the attribute is a 32-bit integer, for which there is room.
        let answer = unsafe { target::SQLGetConnectAttrW(self.hdbc, LOGIN_TIMEOUT, value, 0, null_mut()) };
        (answer == SqlReturn::SUCCESS || answer == SqlReturn::SUCCESS_WITH_INFO).then_some(seconds)
    }

    /// Gives the driver another timeout until the next call on this connection, since the time that a sign-in took
    /// counts as part of the login.
    pub(crate) fn limit(&mut self, seconds: u32) {
        let hosts = self.saved.or_else(|| self.get());
        self.set(seconds);
        self.saved = hosts;
    }

    /// Whether the driver has another timeout than the host's.
    pub(super) fn is_limited(&self) -> bool {
        self.saved.is_some()
    }

    /// Gives the driver the host's timeout again.
    pub(super) fn restore(&mut self) {
        if let Some(seconds) = self.saved.take() {
            self.set(seconds);
        }
    }

    fn set(&self, seconds: u32) {
        let value = seconds as usize as *mut c_void;
        // A driver that refuses keeps the timeout that it has, which is a valid one.
        // SAFETY: the attribute is an integer passed in place of the pointer, as the ODBC reference says.
        let _ = unsafe { target::SQLSetConnectAttr(self.hdbc, LOGIN_TIMEOUT, value, 0) };
    }
}
