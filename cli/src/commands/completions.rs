//! `completions`: what a shell needs to complete our arguments.

use crate::{
    arguments,
    ui::{failure::Failure, terminal},
};
use clap::CommandFactory as _;
use clap_complete::Shell;

const HELP: &str = "\
Examples:
  entra-odbc completions bash > /etc/bash_completion.d/entra-odbc
  entra-odbc completions zsh > ~/.zfunc/_entra-odbc
  entra-odbc completions fish \\
      > ~/.config/fish/completions/entra-odbc.fish";

/// What clap_complete 4.6 calls us in bash's script where it looks a subcommand's options up: the hyphen in our name
/// taken for the end of it. Elsewhere in the script it has the name as it should be.
const MISNAMED: &str = "entra__subcmd__odbc";
const NAMED: &str = "entra__odbc";

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    let mut command = arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "entra-odbc", &mut script);
    let script = String::from_utf8_lossy(&script).replace(MISNAMED, NAMED);
    terminal::print_bytes(script.as_bytes())?;
    Ok(())
}
