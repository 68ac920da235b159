//! Makes exports, slots and typed access to the target driver from the rows of `functions.rs`.

use std::ffi::CStr;
use std::sync::atomic::AtomicPtr;

use super::forward::jump;
use super::{installer, intercept, placeholder_handle, unsupported};

/// What the first argument of a function is, and so where a record about it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An environment.
    Env,
    /// A connection.
    Dbc,
    /// A statement.
    Stmt,
    /// A descriptor.
    Desc,
    /// A handle type, and the handle after it.
    Typed,
    /// A window: the installer's functions have no diagnostics of this kind.
    Installer,
    /// The *manager's* connection, which our diagnostics cannot reach; failure is the answer 0.
    BulkCopy,
    /// The same, where the answer is a number of rows; failure is -1.
    BulkCopyRows,
}

/// One function of the table.
pub(crate) struct Row {
    /// The exported name.
    pub(crate) name: &'static CStr,
    /// What its first argument is.
    pub(crate) subject: Subject,
    /// Where a call goes: to the target driver's function, else to `absent`.
    pub(crate) slot: &'static AtomicPtr<()>,
    /// What answers while the target driver is not loaded, or if it lacks the function.
    pub(crate) absent: fn() -> *mut (),
}

/// What answers for a row whose function is absent: the row's own choice, or a stub that reports IM001.
macro_rules! absent {
    ($name:ident) => {
        pub(super) unsafe extern "C" fn $name(first: usize, second: usize) -> isize {
            unsupported::answer(Function::$name, first, second)
        }
    };
    ($name:ident $module:ident :: $body:ident) => {
        pub(super) use super::$module::$body as $name;
    };
}

macro_rules! functions {
    (
        forward { $( $forward:ident ( $kind:ident ) $( else $module:ident :: $else_body:ident )? ; )* }
        intercept { $(
            $intercept:ident ( $subject:ident ; $( $arg:ident : $type:ty ),* $(,)? )
                => $place:ident :: $body:ident, placeholder $answer:ident ( $handle:ident $(, $rest:ident)* )
                $(, else $lack:ident :: $lacking:ident )? ;
        )* }
    ) => {
        /// Every exported function of ODBC, in the order of [`ROWS`].
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Function { $( $forward, )* $( $intercept, )* }

        /// The table.
        pub(crate) static ROWS: &[Row] = &[
            $( Row {
                name: crate::odbc::table::c_name(concat!(stringify!($forward), "\0")),
                subject: Subject::$kind,
                slot: &slot::$forward,
                absent: || absent::$forward as *mut (),
            }, )*
            $( Row {
                name: crate::odbc::table::c_name(concat!(stringify!($intercept), "\0")),
                subject: Subject::$subject,
                slot: &slot::$intercept,
                absent: || absent::$intercept as *mut (),
            }, )*
        ];

        #[allow(non_snake_case)]
        mod absent {
            use super::{Function, unsupported};

            $( absent!($forward $( $module::$else_body )?); )*
            $( absent!($intercept $( $lack::$lacking )?); )*
        }

        #[allow(non_upper_case_globals)]
        mod slot {
            use super::{AtomicPtr, absent};

            $( pub(super) static $forward: AtomicPtr<()> = AtomicPtr::new(absent::$forward as *mut ()); )*
            $( pub(super) static $intercept: AtomicPtr<()> = AtomicPtr::new(absent::$intercept as *mut ()); )*
        }

        /// The exported functions.
        ///
        /// Nothing in the library calls them: a name in here could bind to the driver manager's.
        #[allow(non_snake_case, clippy::too_many_arguments)]
        mod exports {
            use super::{Function, intercept, jump, unsupported, slot, placeholder_handle};
            use odbc_sys::{Handle, HDbc, HEnv, Pointer, SqlReturn, ULen, WChar};

            $(
                #[unsafe(naked)]
                #[unsafe(no_mangle)]
                extern "C" fn $forward() {
                    jump!(slot::$forward)
                }
            )*
            $(
                #[unsafe(no_mangle)]
                unsafe extern "C" fn $intercept($( $arg: $type ),*) -> SqlReturn {
                    crate::panic_guard::catch_panic(
                        || {
                            if placeholder_handle::is_placeholder($handle.0) {
                                // SAFETY: the handle is a placeholder of ours, so the call cannot reach the
                                // target driver; the other pointers are as the host's manager passed them.
                                return unsafe { placeholder_handle::$answer($handle.0 $(, $rest)*) };
                            }
                            // SAFETY: the arguments are the host's, passed on as they came.
                            unsafe { intercept::$place::$body($( $arg ),*) }
                        },
                        || unsupported::panicked(Function::$intercept, $handle.0),
                    )
                }
            )*
        }

        /// The target driver's own functions, for the bodies of intercepts: called through the same slots as
        /// forwarded calls, so that a function which the target driver lacks answers with an IM001 record.
        #[allow(non_snake_case, clippy::too_many_arguments)]
        pub(crate) mod target {
            use super::{AtomicPtr, slot};
            use odbc_sys::{Handle, HDbc, HEnv, Pointer, SqlReturn, ULen, WChar};
            use std::sync::atomic::Ordering;

            $(
                pub(crate) unsafe fn $intercept($( $arg: $type ),*) -> SqlReturn {
                    let function: &AtomicPtr<()> = &slot::$intercept;
                    // SAFETY: the slot holds the target driver's function of this name, whose signature the
                    // ODBC reference fixes, or a stub of ours that reads at most the first two arguments.
                    unsafe {
                        let function = std::mem::transmute::<
                            *mut (),
                            unsafe extern "C" fn($( $type ),*) -> SqlReturn,
                        >(function.load(Ordering::Relaxed));
                        function($( $arg ),*)
                    }
                }
            )*
        }
    };
}

/// A row's name as a C string.
const fn c_name(name: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(name.as_bytes()) {
        Ok(name) => name,
        // Evaluated at compile time only: the macro writes the terminator itself.
        Err(_) => c"",
    }
}

impl Function {
    /// The function's row.
    pub(crate) fn row(self) -> Option<&'static Row> {
        ROWS.get(self as usize)
    }

    /// The function's name.
    pub(crate) fn name(self) -> &'static str {
        self.row().and_then(|row| row.name.to_str().ok()).unwrap_or("?")
    }

    /// Whether the target driver is loaded and has this function.
    pub(crate) fn is_present(self) -> bool {
        self.row()
            .is_some_and(|row| row.slot.load(std::sync::atomic::Ordering::Relaxed) != (row.absent)())
    }
}

include!("functions.rs");
