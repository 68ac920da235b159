//! `completions`: the completion scripts of the shells.

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

/// The prefix that clap_complete 4.6 looks up subcommands by in bash's script; it takes the hyphen of our name for the
/// end of the name, while the rest of the script has the right prefix.
const WRONG_PREFIX: &str = "entra__subcmd__odbc";
const PREFIX: &str = "entra__odbc";

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
    let script = String::from_utf8_lossy(&script).replace(WRONG_PREFIX, PREFIX);
    terminal::print_bytes(script.as_bytes())?;
    Ok(())
}
