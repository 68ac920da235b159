//! Face 1: the ODBC driver.
//!
//! Handles pass through: what the host's driver manager holds are the real driver's own, and a forwarded
//! call is one jump. Read `odbc/functions.rs` first.

mod connections;
mod forward;
pub(crate) mod ini;
mod installer;
mod intercept;
mod missing;
mod real_connection;
pub(crate) mod real_driver;
mod record;
mod stand_in;
mod table;
mod text;
pub(crate) mod token_buffer;

pub(crate) use connections::{ACCESS_TOKEN, IS_POINTER, begin_in_child};
pub(crate) use table::real;
