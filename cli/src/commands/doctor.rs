//! `doctor`: checks everything that a connect needs, one after another, and explains what it finds.

mod default_chain;
mod finding;
mod installation;
mod login;
mod network;
mod refusal;
mod sign_in;
mod trust;

use crate::{
    arguments::hint,
    connection::{Connection, NamedDriver, Problem},
    context::Context,
    odbc::ini_files::IniFiles,
    ui::{failure::Failure, input, terminal},
};
use clap::builder::StringValueParser;
use entra_auth::{Error, ErrorKind};
use entra_odbc_core::connect::KeywordSignIn;
use finding::{Check, Findings};
use std::{io, time::Duration};

const HELP: &str = "\
Examples:
  entra-odbc doctor
  entra-odbc doctor DSN=payroll
  entra-odbc doctor SERVER=contoso.database.windows.net \\
      DATABASE=payroll Authentication=ActiveDirectoryDefault
  entra-odbc doctor @connection.txt --json

Each finding is ok, a warning or a failure, with its cause and what to do; `entra-odbc explain troubleshooting` follows them one by \
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
    #[arg(value_name = "STRING", value_parser = hint::offering(StringValueParser::new(), hint::authentication), hide_possible_values = true)]
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
    let context = Context::new();
    let string = input::connection_string(&arguments.string)?;
    let mut findings = Findings::new(!arguments.json);
    check(&string, arguments, &context, &mut findings)?;
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

/// All checks in their order; what depends on an input that was rejected is left out.
fn check(
    string: &str,
    arguments: &Arguments,
    context: &Context,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let environment = &context.services.environment;
    let timeout = Duration::from_secs(arguments.timeout.into());
    let asked = read(string, context, findings)?;
    installation::check(&IniFiles::locate(environment), environment, findings)?;
    let (connection, sign_in) = match asked {
        Asked::Nothing => {
            network::check(None, context, timeout, findings)?;
            return default_chain::check("", context, timeout, findings);
        }
        Asked::Rejected => return Ok(()),
        Asked::Connection(asked) => *asked,
    };
    if let Some(Ok(sign_in)) = &sign_in {
        network::check(Some(sign_in), context, timeout, findings)?;
        if sign_in.mode() == "Default" {
            default_chain::check(&connection.string, context, timeout, findings)?;
        }
    }
    network::check_server(&connection, timeout, findings)?;
    let token = match &sign_in {
        _ if !trust::check(&connection, context, findings)? => None,
        Some(Ok(sign_in)) => sign_in::check(sign_in, &connection, context, timeout, findings)?,
        Some(Err(error)) => {
            findings.error(Check::SignIn, error)?;
            None
        }
        None => {
            findings.skipped(Check::SignIn, connection.driver.signs_in())?;
            None
        }
    };
    login::check(&connection, token.as_ref(), arguments.timeout, findings)
}

/// What the doctor is asked to look at.
enum Asked {
    /// This machine.
    Nothing,
    /// A connection string that makes no sense, as a finding has told.
    Rejected,
    /// A connection, and the sign-in by one of our modes, if one is asked for.
    Connection(Box<(Connection, Option<Result<KeywordSignIn, Error>>)>),
}

/// Reads the connection string, if there is one, before anything else.
fn read(string: &str, context: &Context, findings: &mut Findings) -> io::Result<Asked> {
    if string.is_empty() {
        return Ok(Asked::Nothing);
    }
    let connection = match Connection::read(string, context) {
        Ok(connection) => connection,
        Err(Problem { what, cause, next }) => {
            findings.failure(Check::ConnectionString, what, cause, next)?;
            return Ok(Asked::Rejected);
        }
    };
    if let NamedDriver::Other { name, maker } = &connection.driver {
        findings.warning(
            Check::ConnectionString,
            format!("\"{name}\" is {maker}, and entra-odbc has no part in this connection"),
            "the string or its data source names that driver",
            format!(
                "For the authentication modes of entra-odbc: {}",
                connection.driver.way_to_ours()
            ),
        )?;
    }
    match connection.sign_in(context) {
        Some(Err(error)) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::UnknownMode) => {
            findings.error(Check::ConnectionString, &error)?;
            Ok(Asked::Rejected)
        }
        sign_in => Ok(Asked::Connection(Box::new((connection, sign_in)))),
    }
}
