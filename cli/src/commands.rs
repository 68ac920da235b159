//! The subcommands, one file each.

pub mod accounts;
pub mod completions;
pub mod connect;
pub mod doctor;
pub mod explain;
pub mod install;
pub mod login;
pub mod logout;
pub mod man;
pub mod sid;
pub mod status;
pub mod token;
pub mod trust;
pub mod uninstall;
