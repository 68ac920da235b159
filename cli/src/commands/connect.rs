//! `connect`: connects as an ODBC program does, and reports the server, the user and the duration of each phase.

pub mod connector;
mod phases;
mod report;
mod rows;

use crate::{
    arguments::hint,
    connection::Connection,
    context::Context,
    ui::{
        failure::Failure,
        input::{self, semicolon},
        progress,
    },
};
use clap::builder::StringValueParser;
use connector::{Connector, Event, Request};
use report::Report;
use rows::{Format, Rows};
use std::sync::Mutex;

const HELP: &str = "\
Examples:
  entra-odbc connect 'DSN=payroll;DATABASE=archive'
  entra-odbc connect SERVER=contoso.database.windows.net \\
      DATABASE=payroll Authentication=ActiveDirectoryDefault
  entra-odbc connect DSN=payroll --repeat 20
  entra-odbc connect DSN=payroll --csv --query 'SELECT SUSER_SNAME()'
  entra-odbc connect @connection.txt --json

Ctrl-C ends --repeat early, and shows the times so far. With --query, standard output has the rows alone, and the rest is on standard error. Without DRIVER= and DSN=, the \
driver is \"ODBC Driver 18 Entra for SQL Server\".";

/// Connect as a program would, and show where the time goes
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{HELP}\n{}", input::HELP))]
pub struct Arguments {
    /// The connection string, whole or in parts
    #[arg(value_name = "STRING", required = true, value_parser = hint::offering(StringValueParser::new(), hint::authentication), hide_possible_values = true)]
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
    let step = Mutex::new(report.current_step(arguments.repeat));
    let collected = progress::show_changing(&step, || {
        collect(&mut connector, &mut report, &mut rows, |report| {
            if let Ok(mut step) = step.lock() {
                *step = report.current_step(arguments.repeat);
            }
        })
    });
    let collected = match collected {
        // Rows on the terminal show progress themselves.
        Ok(More::Rows) => collect(&mut connector, &mut report, &mut rows, |_| {}),
        other => other,
    };
    match collected.and_then(|_| connector.finish()) {
        Ok(()) => report.read_phases(&connector.log()),
        Err(Failure::Interrupted) if arguments.repeat > 1 && report.interrupt() => {
            connector.stop();
            report.read_phases(&connector.log());
            if arguments.json {
                report.print_json()?;
            } else {
                report.print()?;
            }
            return Err(Failure::Interrupted);
        }
        Err(failure) => return Err(failure),
    }
    let has_rows = rows.as_ref().is_some_and(Rows::has_columns);
    match (rows, report.error()) {
        (Some(rows), None) => {
            rows.finish()?;
            report.print_note();
        }
        (_, Some(_)) | (None, _) if arguments.json && !has_rows => report.print_json()?,
        (None, None) => report.print()?,
        _ => {}
    }
    let Some(error) = report.error() else {
        return Ok(());
    };
    let hint = connection.driver.hint();
    let failure = error.failure(hint.as_deref()).and(semicolon::cut_secret(&string));
    if arguments.json {
        // Told on standard output already, or in the middle of rows: no further object there.
        failure.report();
        return Err(Failure::Reported);
    }
    Err(failure)
}

/// What comes next of a connecting program.
enum More {
    /// The rows of the query.
    Rows,
    /// Nothing.
    Nothing,
}

/// Takes its events until the rows begin, or to its end.
fn collect(
    connector: &mut Connector,
    report: &mut Report,
    rows: &mut Option<Rows>,
    on_step: impl Fn(&Report),
) -> Result<More, Failure> {
    while let Some(event) = connector.next()? {
        match (event, &mut *rows) {
            (Event::Columns(columns), Some(rows)) => {
                rows.set_columns(columns);
                return Ok(More::Rows);
            }
            (Event::Row(values), Some(rows)) => rows.push(values)?,
            (event, _) => report.record(event),
        }
        on_step(report);
    }
    Ok(More::Nothing)
}
