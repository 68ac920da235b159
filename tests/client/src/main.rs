//! Connects with the connection string of its first argument, runs the query of its second, and prints the rows.
//!
//! A binary of its own, since a program that linked both an ODBC client and our exports would call ours in place
//! of the driver manager's.

use std::{env, error::Error, process::ExitCode};

use odbc_api::{ConnectionOptions, Cursor, Environment, ResultSetMetadata, buffers::TextRowSet};

/// Rows fetched at a time, and the longest value shown.
const BATCH: usize = 1000;
const LONGEST: usize = 4096;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(string), Some(query)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: client <connection string> <query>");
        return ExitCode::from(2);
    };
    match run(&string, &query) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(string: &str, query: &str) -> Result<(), Box<dyn Error>> {
    let environment = Environment::new()?;
    let connection = environment.connect_with_connection_string(string, ConnectionOptions::default())?;
    let Some(mut cursor) = connection.execute(query, (), None)? else {
        return Ok(());
    };
    let columns = usize::try_from(cursor.num_result_cols()?)?;
    let mut batch = TextRowSet::for_cursor(BATCH, &mut cursor, Some(LONGEST))?;
    let mut rows = cursor.bind_buffer(&mut batch)?;
    while let Some(batch) = rows.fetch()? {
        for row in 0..batch.num_rows() {
            let values = (0..columns).map(|column| batch.at_as_str(column, row));
            let values: Result<Vec<_>, _> = values.collect();
            let values: Vec<&str> = values?.into_iter().map(|value| value.unwrap_or("NULL")).collect();
            println!("{}", values.join("|"));
        }
    }
    Ok(())
}
