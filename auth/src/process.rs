//! Services of the operating system that are safe inside a host process: forks, threads, files, child processes, log.

pub(crate) mod file_lock;
pub mod fork;
pub mod log;
pub mod name_resolution;
pub mod regular_file;
pub mod runtime;
pub(crate) mod tool;
