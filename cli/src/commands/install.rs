//! `install`: writes the driver, and data sources for it, into unixODBC's ini files.

mod data_source;
mod missing;
mod outcome;
mod plan;

use crate::ui::{failure::Failure, terminal};
use entra_auth::Environment;
use plan::Plan;
use std::path::PathBuf;

const HELP: &str = "\
Examples:
  sudo entra-odbc install
  entra-odbc install --user
  sudo entra-odbc install --replace
  sudo entra-odbc install --dsn payroll \\
      Server=contoso.database.windows.net Database=payroll \\
      Authentication=ActiveDirectoryDefault

What was there before is kept beside each file (odbcinst.ini.entra-odbc), and `entra-odbc uninstall` puts it back.
Running the same command again changes nothing.";

/// Register the driver with unixODBC
///
/// Writes [ODBC Driver 18 Entra for SQL Server] into odbcinst.ini, and says which of Microsoft's drivers it will
/// forward to. Nothing else in the file is changed.
#[derive(Debug, clap::Args)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// For this user alone: ~/.odbcinst.ini and ~/.odbc.ini in place of the system's files
    #[arg(long)]
    user: bool,
    /// Take the name "ODBC Driver 18 for SQL Server" over, so that programs need no change
    #[arg(long)]
    replace: bool,
    /// The library to register [default: the one beside this tool, or in ../lib]
    #[arg(long, value_name = "PATH")]
    library: Option<PathBuf>,
    /// Microsoft's driver: its library, or the directory with it, of which the newest is then taken
    #[arg(long, value_name = "PATH")]
    real_driver: Option<PathBuf>,
    /// Write a data source of this name, too
    #[arg(long, value_name = "NAME", value_parser = data_source::parse_name)]
    dsn: Option<String>,
    /// What the data source says: Server=…, Database=…, Authentication=…
    #[arg(value_name = "KEYWORD=VALUE", requires = "dsn")]
    // Parsed later: clap's messages would quote a value that turns out to be a secret.
    entries: Vec<String>,
    /// For a package's scripts: register even while Microsoft's driver is missing, and leave an entry that was edited
    ///
    /// Whatever is registered by our name already stays as it is, unless it is as this tool wrote it.
    #[arg(long, conflicts_with_all = ["replace", "real_driver", "dsn"])]
    package: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let environment = Environment::process();
    let plan = Plan::prepare(arguments, &environment)?;
    let outcome = plan.apply()?;
    if arguments.json {
        terminal::print_json(&outcome.json())?;
    } else {
        terminal::print(&outcome.text())?;
    }
    Ok(())
}
