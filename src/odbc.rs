//! The ODBC driver.
//!
//! Handles pass through: what the host's driver manager holds are the target driver's own, and a forwarded
//! call is one jump. Read `odbc/functions.rs` first.

mod connections;
mod diagnostic_record;
mod forward;
pub(crate) mod ini;
mod installer;
mod intercept;
mod placeholder_handle;
mod table;
mod target_connection;
pub(crate) mod target_driver;
pub(crate) mod token_buffer;
mod unsupported;
mod utf16;

pub(crate) use connections::{ACCESS_TOKEN, IS_POINTER, begin_in_child};
pub(crate) use table::target;
pub(crate) use target_driver::before_fork;
