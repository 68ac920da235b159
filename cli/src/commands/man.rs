//! `man`: the manual pages, generated from the same text as `--help` and from the tables of keywords and modes.

mod keywords;
mod reference;
mod roff;

use crate::{
    arguments,
    ui::{failure::Failure, terminal},
};
use clap::{CommandFactory as _, ValueEnum};
use std::{fs, io, path::PathBuf};

const HELP: &str = "\
Examples:
  entra-odbc man | man -l -
  entra-odbc man keywords | man -l -
  entra-odbc man --directory /usr/local/share/man/man1";

/// A page that is no command's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Topic {
    /// entra-odbc(1): the tool, its environment and its files
    Tool,
    /// entra-odbc-keywords(5): what a connection string may say
    Keywords,
}

/// Print a manual page, or write all of them into a directory
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The page to print
    #[arg(value_enum, default_value_t = Topic::Tool)]
    topic: Topic,
    /// Write entra-odbc.1, entra-odbc-install.1 and so on, and entra-odbc-keywords.5 into this directory, which must exist
    #[arg(long)]
    directory: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Some(directory) = &arguments.directory else {
        let page = match arguments.topic {
            Topic::Tool => tool_page()?,
            Topic::Keywords => keywords::page(),
        };
        terminal::print_bytes(page.as_bytes())?;
        return Ok(());
    };
    let write = || -> io::Result<()> {
        clap_mangen::generate_to(arguments::Arguments::command(), directory)?;
        fs::write(directory.join("entra-odbc.1"), tool_page()?)?;
        fs::write(directory.join("entra-odbc-keywords.5"), keywords::page())
    };
    write().map_err(|error| {
        Failure::refused(
            format!("the pages cannot be written to {}: {error}", directory.display()),
            "Name a directory that exists and may be written to.",
        )
    })
}

/// The help of the whole tool, with what a reference has beside it.
fn tool_page() -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(arguments::Arguments::command()).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned() + &reference::sections())
}
