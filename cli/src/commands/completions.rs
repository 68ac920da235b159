//! `completions`: what a shell needs to complete our arguments.

use crate::{arguments, failure::Failure, terminal};
use clap::CommandFactory as _;
use clap_complete::Shell;

const HELP: &str = "\
Examples:
  entra-odbc completions bash > /etc/bash_completion.d/entra-odbc
  entra-odbc completions zsh > ~/.zfunc/_entra-odbc
  entra-odbc completions fish > ~/.config/fish/completions/entra-odbc.fish";

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// Does it.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "entra-odbc", &mut script);
    terminal::print_bytes(&script)?;
    Ok(())
}
