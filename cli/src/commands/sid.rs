//! `sid`: the SID by which a database knows an application, and the statements that make it a user.

use crate::{
    sql::{self, UserType},
    ui::{failure::Failure, terminal},
};
use serde_json::json;
use uuid::Uuid;

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
    #[arg(value_name = "GUID", value_parser = id)]
    id: Uuid,
    /// What the user is to be called in the database [default: the id]
    #[arg(long, value_parser = identifier)]
    name: Option<String>,
    /// A role to add the user to; repeat it for several, as db_ddladmin where migrations run
    #[arg(
        long = "role",
        value_name = "ROLE",
        value_parser = identifier,
        default_values = ["db_datareader", "db_datawriter"]
    )]
    roles: Vec<String>,
    /// The id is that of a group
    #[arg(long)]
    group: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the SID and the statements.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sid = sql::sid(arguments.id);
    let statements = arguments.statements();
    if arguments.json {
        terminal::print_json(&json!({
            "id": arguments.id.to_string(),
            "sid": sid,
            "type": arguments.user_type().letter(),
            "statements": statements,
        }))?;
    } else {
        terminal::print(&format!("-- SID: {sid}\n{NOTE}\n{}", statements.join("\n")))?;
    }
    Ok(())
}

impl Arguments {
    fn user_type(&self) -> UserType {
        if self.group {
            UserType::Group
        } else {
            UserType::Principal
        }
    }

    fn statements(&self) -> Vec<String> {
        let name = self.name.clone().unwrap_or_else(|| self.id.to_string());
        let create = sql::create_user_with_sid(&name, self.id, self.user_type());
        let roles = self.roles.iter().map(|role| sql::add_to_role(role, &name));
        [create].into_iter().chain(roles).collect()
    }
}

/// The id, with a message for people in place of the parser's.
fn id(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text).map_err(|_| {
        "not a GUID: five groups of 8, 4, 4, 4 and 12 hexadecimal digits are one, as in \
         619a4449-b4aa-4383-a2a9-7c365106c5e7"
            .to_owned()
    })
}

/// A name of a user or role: 1 to 128 characters (`sysname`), nothing that breaks a line.
fn identifier(text: &str) -> Result<String, String> {
    let length = text.encode_utf16().count();
    if length == 0 || length > 128 {
        return Err("a name has 1 to 128 characters".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("a name has no control characters".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn a_guid_may_have_braces_and_other_text_is_refused() {
        let plain = id("619a4449-b4aa-4383-a2a9-7c365106c5e7").unwrap();
        assert_eq!(id("{619A4449-B4AA-4383-A2A9-7C365106C5E7}"), Ok(plain));
        for text in [
            "",
            "payroll",
            "619a4449-b4aa-4383-a2a9-7c365106c5e",
            "619a4449-b4aa-4383-a2a9-7c365106c5eg",
        ] {
            assert!(id(text).unwrap_err().contains("five groups"), "{text}");
        }
    }
}
