//! `sid`: the SID by which a database knows an application, and the statements that make it a user.

use crate::{
    guid::Guid,
    ui::{failure::Failure, terminal},
};
use serde_json::json;

const HELP: &str = "\
Examples:
  entra-odbc sid 619a4449-b4aa-4383-a2a9-7c365106c5e7
  entra-odbc sid 619a4449-b4aa-4383-a2a9-7c365106c5e7 \\
      --name payroll --role db_datareader
  entra-odbc sid 619a4449-b4aa-4383-a2a9-7c365106c5e7 --json";

const NOTE: &str = "\
-- For an application or a managed identity, the id must be its application (client) id: its object id makes a
-- user that can never log in. For a person it is the object id; for a group the object id, with --group.";

/// Print the SID and the SQL statements that create a database user from an id
///
/// `CREATE USER … WITH SID` needs no right to look the application up in Entra, unlike
/// `CREATE USER … FROM EXTERNAL PROVIDER`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The application (client) id of an application or managed identity; the object id of a person or group
    #[arg(value_name = "GUID")]
    id: Guid,
    /// What the user is to be called in the database [default: the id]
    #[arg(long, value_parser = name)]
    name: Option<String>,
    /// A role to add the user to; repeat it for several
    #[arg(
        long = "role",
        value_name = "ROLE",
        value_parser = name,
        default_values = ["db_datareader", "db_datawriter", "db_ddladmin"]
    )]
    roles: Vec<String>,
    /// The id is that of a group
    #[arg(long)]
    group: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Does it.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sid = arguments.id.sid();
    let statements = statements(arguments, &sid);
    if arguments.json {
        terminal::print_json(&json!({
            "id": arguments.id.to_string(),
            "sid": sid,
            "type": kind(arguments),
            "statements": statements,
        }))?;
    } else {
        terminal::print(&format!("-- SID: {sid}\n{NOTE}\n{}", statements.join("\n")))?;
    }
    Ok(())
}

/// `E` for one, `X` for a group.
fn kind(arguments: &Arguments) -> &'static str {
    if arguments.group { "X" } else { "E" }
}

fn statements(arguments: &Arguments, sid: &str) -> Vec<String> {
    let name = arguments.name.clone().unwrap_or_else(|| arguments.id.to_string());
    let name = quoted(&name);
    let create = format!("CREATE USER {name} WITH SID = {sid}, TYPE = {};", kind(arguments));
    let roles = arguments
        .roles
        .iter()
        .map(|role| format!("ALTER ROLE {} ADD MEMBER {name};", quoted(role)));
    [create].into_iter().chain(roles).collect()
}

/// A name as SQL Server takes it whatever is in it.
pub fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A name of a user or role: 1 to 128 characters (`sysname`), nothing that breaks a line.
fn name(text: &str) -> Result<String, String> {
    let length = text.encode_utf16().count();
    if length == 0 || length > 128 {
        return Err("a name has 1 to 128 characters".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("a name has no control characters".to_owned());
    }
    Ok(text.to_owned())
}
