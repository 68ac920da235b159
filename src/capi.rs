//! Face 2: the C API of `include/entra_odbc.h`, for programs that use the stock driver.
//!
//! Written by hand, not by a macro, so that cbindgen sees it: what is public here is the header.

#![allow(
    clippy::missing_safety_doc,
    reason = "these comments are the C header's, whose contract stands on top of it"
)]

mod error;
mod version;
