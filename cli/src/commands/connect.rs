//! `connect`: connects as an ODBC program does, and reports the server, the user and the duration of each phase.

pub mod connector;
mod phases;
mod report;
mod rows;

use crate::{
    connection::Connection,
    context::Context,
    ui::{
        failure::Failure,
        input::{self, semicolon},
        progress,
    },
};
use connector::{Connector, Event, Request};
use report::Report;
use rows::{Format, Rows};

const HELP: &str = "\
Examples:
  entra-odbc connect 'DSN=payroll;DATABASE=archive'
  entra-odbc connect SERVER=contoso.database.windows.net \\
      DATABASE=payroll Authentication=ActiveDirectoryDefault
  entra-odbc connect DSN=payroll --repeat 20
  entra-odbc connect DSN=payroll --csv --query 'SELECT SUSER_SNAME()'
  entra-odbc connect @connection.txt --json

With --query, standard output has the rows alone, and the rest is on standard error. Without DRIVER= and DSN=, the \
driver is \"ODBC Driver 18 Entra for SQL Server\".";

/// Connect as a program would, and show where the time goes
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{HELP}\n{}", input::HELP))]
pub struct Arguments {
    /// The connection string, whole or in parts
    #[arg(value_name = "STRING", required = true)]
    string: Vec<String>,
    /// Connect so many times, one after another, and show how the times are distributed
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    repeat: u64,
    /// Run this query and print its rows
    #[arg(long, value_name = "SQL")]
    query: Option<String>,
    /// Print the rows as comma-separated values
    #[arg(long, requires = "query", conflicts_with = "json")]
    csv: bool,
    /// Print JSON: the rows of --query, else what was found out
    #[arg(long)]
    json: bool,
    /// The login timeout in seconds [default: the driver's, 15]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: Option<u32>,
}

/// Connects and reports.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let string = input::connection_string(&arguments.string)?;
    let connection = Connection::read(&string, &Context::new()).map_err(Failure::from)?;
    let mut connector = Connector::start(&Request {
        string: &connection.string,
        repeat: arguments.repeat,
        query: arguments.query.as_deref(),
        timeout: arguments.timeout,
    })?;
    let format = match (arguments.csv, arguments.json) {
        (true, _) => Format::Csv,
        (_, true) => Format::Json,
        _ => Format::Table,
    };
    let mut rows = arguments.query.as_ref().map(|_| Rows::new(format));
    let mut report = Report::default();
    loop {
        let event = if rows.as_ref().is_some_and(Rows::has_columns) {
            // Rows on the terminal show progress themselves.
            connector.next()?
        } else {
            progress::show_while(report.current_step(), || connector.next())?
        };
        match (event, &mut rows) {
            (None, _) => break,
            (Some(Event::Columns(columns)), Some(rows)) => rows.set_columns(columns),
            (Some(Event::Row(values)), Some(rows)) => rows.push(values)?,
            (Some(event), _) => report.record(event),
        }
    }
    report.read_phases(&connector.finish()?);
    match (rows, report.error()) {
        (Some(rows), None) => {
            rows.finish()?;
            report.print_note();
        }
        (None, _) if arguments.json => report.print_json()?,
        (None, None) => report.print()?,
        _ => {}
    }
    let remedy = connection.driver.hint();
    report.error().map_or(Ok(()), |error| {
        let failure = error.failure(remedy.as_deref());
        Err(failure.and(semicolon::cut_secret(&string)))
    })
}
