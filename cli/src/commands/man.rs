//! `man`: the manual pages, generated from the same text as `--help`.

use crate::{
    arguments,
    ui::{failure::Failure, terminal},
};
use clap::CommandFactory as _;
use std::{io, path::PathBuf};

const HELP: &str = "\
Examples:
  entra-odbc man | man -l -
  entra-odbc man --directory /usr/local/share/man/man1";

/// Print the manual page, or write those of all commands into a directory
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Write entra-odbc.1, entra-odbc-install.1 and so on into this directory, which must exist
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let command = arguments::Arguments::command();
    let Some(directory) = &arguments.directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        terminal::print_bytes(&page)?;
        return Ok(());
    };
    let failed = |error: &io::Error| {
        Failure::refused(
            format!("the pages cannot be written to {}: {error}", directory.display()),
            "Name a directory that exists and may be written to.",
        )
    };
    clap_mangen::generate_to(command, directory).map_err(|error| failed(&error))
}
