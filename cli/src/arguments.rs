//! The command line and its help.

pub mod hint;
pub mod resource;

use crate::{
    commands::{
        accounts, completions, connect, doctor, explain, install, login, logout, man, sid, status, token,
        trust, uninstall,
    },
    ui::failure::Failure,
};
use clap::{Parser, Subcommand};

const HELP: &str = "\
Examples:
  sudo entra-odbc install
  entra-odbc login
  entra-odbc token --resource databricks
  entra-odbc connect DSN=payroll
  entra-odbc doctor DSN=payroll
  entra-odbc sid 619a4449-b4aa-4383-a2a9-7c365106c5e7
  entra-odbc explain keywords

Exit codes:
  0    done, and all is well
  1    tried, and failed
  2    not tried: the arguments make no sense, or cannot be done here; nothing was changed
  130  interrupted";

/// Sign in to Azure SQL with Microsoft Entra from any ODBC program.
#[derive(Debug, Parser)]
#[command(name = "entra-odbc", version, propagate_version = true, after_help = HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Install(install::Arguments),
    Uninstall(uninstall::Arguments),
    Status(status::Arguments),
    Login(login::Arguments),
    Logout(logout::Arguments),
    Accounts(accounts::Arguments),
    Token(token::Arguments),
    Connect(connect::Arguments),
    Doctor(doctor::Arguments),
    Trust(trust::Arguments),
    Sid(sid::Arguments),
    Explain(explain::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Arguments {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        match &self.command {
            Command::Install(arguments) => install::run(arguments),
            Command::Uninstall(arguments) => uninstall::run(arguments),
            Command::Status(arguments) => status::run(arguments),
            Command::Login(arguments) => login::run(arguments),
            Command::Logout(arguments) => logout::run(arguments),
            Command::Accounts(arguments) => accounts::run(arguments),
            Command::Token(arguments) => token::run(arguments),
            Command::Connect(arguments) => connect::run(arguments),
            Command::Doctor(arguments) => doctor::run(arguments),
            Command::Trust(arguments) => trust::run(arguments),
            Command::Sid(arguments) => sid::run(arguments),
            Command::Explain(arguments) => explain::run(arguments),
            Command::Completions(arguments) => completions::run(arguments),
            Command::Man(arguments) => man::run(arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Arguments::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            let example = format!("  entra-odbc {}", command.get_name());
            assert!(help.contains("Examples:") && help.contains(&example), "{help}");
        }
    }
}
