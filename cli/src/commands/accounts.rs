//! `accounts`: lists the saved accounts.

use crate::ui::{failure::Failure, terminal, time_format};
use entra_auth::{Environment, user::saved_accounts::Accounts};
use serde_json::json;
use std::time::SystemTime;

const HELP: &str = "\
Examples:
  entra-odbc accounts
  entra-odbc accounts --json

The first one is whom Authentication=ActiveDirectoryDefault signs in as.";

/// List the saved sign-ins of this user
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let accounts = Accounts::from_environment(&Environment::process())?;
    let all = accounts.list()?;
    if arguments.json {
        let all: Vec<_> = all
            .iter()
            .map(|account| {
                json!({
                    "username": account.username, "tenant": account.tenant, "authority": account.authority,
                    "client_id": account.client, "object_id": account.object_id, "id": account.id(),
                    "saved": time_format::rfc3339(account.saved),
                })
            })
            .collect();
        terminal::print_json(&json!(all))?;
    } else if all.is_empty() {
        terminal::print("Nobody is signed in.")?;
    } else {
        let width = all
            .iter()
            .map(|account| account.username.chars().count())
            .max()
            .unwrap_or(0);
        for account in &all {
            let age = SystemTime::now()
                .duration_since(account.saved)
                .unwrap_or_default();
            terminal::print(&format!(
                "{:width$}  tenant {}  {} ago",
                account.username,
                account.tenant,
                time_format::duration(age)
            ))?;
        }
    }
    Ok(())
}
