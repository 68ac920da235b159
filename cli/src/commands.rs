//! The subcommands, one file each.

pub mod completions;
pub mod install;
pub mod man;
pub mod sid;
pub mod status;
pub mod uninstall;
