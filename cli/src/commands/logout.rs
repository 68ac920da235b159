//! `logout`: removes saved accounts.

use crate::ui::{failure::Failure, terminal};
use entra_auth::{
    Environment,
    user::saved_accounts::{Account, Accounts},
};
use serde_json::json;

const HELP: &str = "\
Examples:
  entra-odbc logout
  entra-odbc logout ada@contoso.com
  entra-odbc logout --all

What is saved here is forgotten. Entra is not told: to end sessions everywhere, revoke them there.";

/// Forget a saved sign-in
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Whose: a name, or an id of `entra-odbc accounts --json` [default: the only one]
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Only in this tenant
    #[arg(long, requires = "name")]
    tenant: Option<String>,
    /// Everyone's
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let accounts = Accounts::from_environment(&Environment::process())?;
    let all = accounts.list()?;
    let chosen = arguments.select(&all)?;
    for account in &chosen {
        accounts.remove(&account.id())?;
    }
    let names: Vec<_> = chosen.iter().map(|account| account.username.as_str()).collect();
    if arguments.json {
        terminal::print_json(&json!({ "forgotten": names }))?;
    } else if names.is_empty() {
        terminal::print("Nobody is signed in.")?;
    } else {
        terminal::print(&format!("Forgotten: {}.", names.join(", ")))?;
    }
    Ok(())
}

impl Arguments {
    fn select<'a>(&self, all: &'a [Account]) -> Result<Vec<&'a Account>, Failure> {
        let names = || {
            let names: Vec<_> = all.iter().map(|account| account.username.as_str()).collect();
            names.join(", ")
        };
        let Some(name) = &self.name else {
            if all.len() > 1 && !self.all {
                return Err(Failure::refused(
                    format!("several people are signed in: {}", names()),
                    "Name one of them, or say --all.",
                ));
            }
            return Ok(all.iter().collect());
        };
        let matches = |account: &&Account| {
            (account.username.eq_ignore_ascii_case(name) || account.id() == *name)
                && self
                    .tenant
                    .as_ref()
                    .is_none_or(|tenant| account.tenant.eq_ignore_ascii_case(tenant))
        };
        let chosen: Vec<_> = all.iter().filter(matches).collect();
        if chosen.is_empty() {
            let who = if all.is_empty() {
                "nobody is".to_owned()
            } else {
                format!("only {}", names())
            };
            return Err(Failure::refused(
                format!("{name} is not signed in; {who}"),
                "See: entra-odbc accounts.",
            ));
        }
        Ok(chosen)
    }
}
