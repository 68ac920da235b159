//! `doctor`: checks everything that a connect needs, one after another, and explains what it finds.

mod default_chain;
mod finding;
mod installation;
mod login;
mod network;
mod refusal;
mod sign_in;
mod target;
mod trust;

use crate::{
    commands::connect::connector,
    context::Context,
    odbc::ini_files::IniFiles,
    ui::{failure::Failure, input, terminal},
};
use finding::{Check, Findings};
use std::time::Duration;
use target::Target;

const HELP: &str = "\
Examples:
  entra-odbc doctor
  entra-odbc doctor DSN=payroll
  entra-odbc doctor SERVER=contoso.database.windows.net \\
      DATABASE=payroll Authentication=ActiveDirectoryDefault
  entra-odbc doctor @connection.txt --json

Each finding is ok, a warning or a failure, with its cause and what to do; docs/troubleshooting.md follows them one by \
one. No secret is shown. Ends with exit code 1 if there is a failure.";

/// Find out why a connection fails
///
/// Looks at the library, unixODBC and its ini files, Microsoft's driver and what it needs, certificates, proxy, clock,
/// and the authentication modes of the default chain. With a connection string, it goes on to the token, the server and
/// the login itself.
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{HELP}\n{}", input::HELP))]
pub struct Arguments {
    /// The connection string, whole or in parts
    #[arg(value_name = "STRING")]
    string: Vec<String>,
    /// How many seconds each of the steps may take
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    timeout: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let timeout = Duration::from_secs(arguments.timeout.into());
    let context = Context::new();
    let string = input::connection_string(&arguments.string)?;
    let target = if string.is_empty() {
        None
    } else {
        let string = connector::with_default_driver(&string);
        Some(context.with_connect_context(|connect_context| Target::parse(&string, connect_context)))
    };
    let mut findings = Findings::new(!arguments.json);
    installation::check(
        &IniFiles::locate(&context.services.environment),
        &context.services.environment,
        &mut findings,
    )?;
    let sign_in = target.as_ref().map(|target| sign_in::parse(target, &context));
    let parsed_sign_in = sign_in
        .as_ref()
        .and_then(|sign_in| sign_in.as_ref().ok()?.as_ref());
    network::check(parsed_sign_in, &context, timeout, &mut findings)?;
    if parsed_sign_in.is_none_or(|parsed_sign_in| parsed_sign_in.mode() == "Default") {
        default_chain::check(&string, &context, timeout, &mut findings)?;
    }
    if let (Some(target), Some(sign_in)) = (&target, &sign_in) {
        network::check_server(target, timeout, &mut findings)?;
        let allowed = trust::check(target, &context, &mut findings)?;
        let token = match sign_in {
            _ if !allowed => None,
            Ok(Some(sign_in)) => sign_in::check(sign_in, target, &context, timeout, &mut findings)?,
            Ok(None) => {
                findings.skipped(
                    Check::SignIn,
                    "the connection string leaves the sign-in to Driver 18",
                )?;
                None
            }
            Err(error) => {
                findings.error(Check::SignIn, error)?;
                None
            }
        };
        if allowed {
            login::check(target, token.as_ref(), arguments.timeout, &mut findings)?;
        }
    }
    if arguments.json {
        terminal::print_json(&findings.json())?;
    } else {
        terminal::print(&findings.summary())?;
    }
    if findings.have_failures() {
        Err(Failure::Reported)
    } else {
        Ok(())
    }
}
