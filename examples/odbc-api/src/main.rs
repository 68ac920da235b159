//! Prints who the server says we are, and its databases.
//!
//! `who [<sign-in keywords>]`; without any, the machine's own managed identity signs in. `DATABASE` has the rest of the
//! connection string.

use std::{env, error::Error};

use odbc_api::{ConnectionOptions, Cursor, Environment, buffers::TextRowSet};

/// Rows fetched at a time, and the longest name.
const BATCH: usize = 100;
const LONGEST: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let database = env::var("DATABASE").map_err(|_| "DATABASE has no connection string")?;
    let sign_in = env::args()
        .nth(1)
        .unwrap_or_else(|| "Authentication=ActiveDirectoryMsi".to_owned());

    let environment = Environment::new()?;
    let string = format!("{database}{sign_in}");
    let connection = environment.connect_with_connection_string(&string, ConnectionOptions::default())?;

    let queries = ["SELECT SUSER_SNAME()", "SELECT name FROM sys.databases"];
    for query in queries {
        let Some(mut cursor) = connection.execute(query, (), None)? else {
            continue;
        };
        let mut batch = TextRowSet::for_cursor(BATCH, &mut cursor, Some(LONGEST))?;
        let mut rows = cursor.bind_buffer(&mut batch)?;
        while let Some(batch) = rows.fetch()? {
            for row in 0..batch.num_rows() {
                println!("{}", batch.at_as_str(0, row)?.unwrap_or("NULL"));
            }
        }
    }
    Ok(())
}
