//! `trust`: the administrator's list of servers outside Azure that tokens may be sent to.

use crate::{
    odbc::{
        ini_files::IniFiles,
        registration::{self, Registration},
    },
    system::file,
    ui::{failure::Failure, terminal},
};
use clap::Subcommand;
use entra_auth::{Environment, cloud::Cloud};
use entra_odbc_core::{
    connect::trust::{TRUSTED_SERVERS, TrustedHost},
    connection_string::server::Server,
    driver::OUR_SECTION,
};
use serde_json::json;

/// The environment variable with the same meaning as the entry in odbcinst.ini.
const VARIABLE: &str = "ENTRA_ODBC_TRUSTED_SERVERS";

const HELP: &str = "\
Examples:
  sudo entra-odbc trust add db.corp.example
  sudo entra-odbc trust add '*.sql.corp.example'
  sudo entra-odbc trust remove db.corp.example
  entra-odbc trust list

Tokens go to Azure's own names and to this machine without an entry. An entry lets them go to whichever server answers \
under that name: its certificate is validated unless a connection string says TrustServerCertificate=yes. What is listed \
stands in TrustedServers= of our section in odbcinst.ini; the variable ENTRA_ODBC_TRUSTED_SERVERS counts as well. \
`entra-odbc explain trust` has the rules.";

/// Name the servers that tokens may go to beside Azure's own
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Let tokens go to a host, or to all names below a domain
    Add {
        /// A host name, an address, or *.domain
        #[arg(value_name = "HOST", value_parser = parse_host)]
        host: String,
        /// In this user's own odbcinst.ini, in place of the system's
        #[arg(long)]
        user: bool,
    },
    /// Take that back
    Remove {
        /// As it was added
        #[arg(value_name = "HOST", value_parser = parse_host)]
        host: String,
        /// In this user's own odbcinst.ini, in place of the system's
        #[arg(long)]
        user: bool,
    },
    /// List what was added, and what the environment says
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Add { host, user } => change(*user, |trusted| {
            if trusted.contains(host) {
                return Some(format!("{host} is trusted already."));
            }
            trusted.push(host.clone());
            None
        }),
        Action::Remove { host, user } => change(*user, |trusted| {
            let before = trusted.len();
            trusted.retain(|known| known != host);
            (trusted.len() == before).then(|| format!("{host} is not listed there."))
        }),
        Action::List { json } => list(*json),
    }
}

/// Parses an entry, and returns it in its normal form.
fn parse_host(text: &str) -> Result<String, String> {
    let malformed = "neither a host name, an address, nor *.domain: no port, no URL, no list".to_owned();
    let trusted = TrustedHost::parse(text).ok_or_else(|| malformed.clone())?;
    match &trusted {
        TrustedHost::Below(suffix) if suffix.matches('.').count() < 2 => {
            return Err(
                "too many names: write at least two parts behind the *, such as *.corp.example".to_owned(),
            );
        }
        TrustedHost::Host(_) => {
            let server = Server::parse(text).ok_or_else(|| malformed.clone())?;
            if server.port.is_some()
                || server.instance.is_some()
                || text.contains(':') && server.address().is_none()
            {
                return Err(malformed);
            }
            if server.is_loopback() {
                return Err("this machine needs no entry".to_owned());
            }
        }
        TrustedHost::Below(_) => {}
    }
    let name = trusted.to_string();
    if Cloud::for_host(&name).is_some() {
        return Err("a name of Azure's needs no entry".to_owned());
    }
    Ok(name)
}

/// Edits the list in odbcinst.ini; `edit` returns a message where there is nothing to change.
fn change(user: bool, edit: impl FnOnce(&mut Vec<String>) -> Option<String>) -> Result<(), Failure> {
    let ini_files = IniFiles::locate(&Environment::process());
    let path = if user {
        ini_files.user_drivers
    } else {
        Some(ini_files.system_drivers)
    };
    let path = path
        .ok_or_else(|| Failure::refused("HOME is not set, so this user has no odbcinst.ini", "Set HOME."))?;
    let lock = file::lock_directory_of(&path);
    let registration = Registration::read(&path)?;
    if !registration.ini().has(OUR_SECTION) {
        return Err(Failure::refused(
            format!("{} has no section [{OUR_SECTION}]", path.display()),
            format!(
                "Register the driver first: entra-odbc install{}.",
                if user { " --user" } else { "" }
            ),
        ));
    }
    let mut trusted = trusted_hosts(&registration);
    if let Some(unchanged) = edit(&mut trusted) {
        return Ok(terminal::print(&unchanged)?);
    }
    let value = trusted.join(", ");
    let value = (!trusted.is_empty()).then_some(value.as_str());
    let pending = registration.with_entry(OUR_SECTION, TRUSTED_SERVERS, value);
    registration::apply(&[pending], lock)?;
    let now = value.map_or_else(|| "nobody".to_owned(), str::to_owned);
    terminal::print(&format!(
        "{}: beside Azure's servers and this machine, tokens may go to {now}",
        path.display()
    ))?;
    Ok(())
}

fn trusted_hosts(registration: &Registration) -> Vec<String> {
    let list = registration
        .ini()
        .get(OUR_SECTION, TRUSTED_SERVERS)
        .unwrap_or_default();
    TrustedHost::list(list).map(|host| host.to_string()).collect()
}

fn list(as_json: bool) -> Result<(), Failure> {
    let environment = Environment::process();
    let ini_files = IniFiles::locate(&environment);
    let mut found: Vec<(String, String)> = Vec::new();
    for path in ini_files.drivers() {
        let hosts = trusted_hosts(&Registration::read(path)?);
        found.extend(hosts.into_iter().map(|host| (host, path.display().to_string())));
    }
    let variable = environment.get(VARIABLE).unwrap_or_default();
    found.extend(TrustedHost::list(&variable).map(|host| (host.to_string(), VARIABLE.to_owned())));
    if as_json {
        let all: Vec<_> = found
            .iter()
            .map(|(host, from)| json!({ "host": host, "from": from }))
            .collect();
        terminal::print_json(&json!(all))?;
    } else if found.is_empty() {
        terminal::print("Tokens go to Azure's servers and to this machine alone.")?;
    } else {
        let width = found.iter().map(|(host, _)| host.len()).max().unwrap_or(0);
        for (host, from) in found {
            terminal::print(&format!("{host:width$}  {from}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::parse_host;

    #[test]
    fn a_host_an_address_or_all_below_a_domain_can_be_named_and_nothing_else() {
        assert_eq!(parse_host("DB.Corp.Example.").as_deref(), Ok("db.corp.example"));
        assert_eq!(
            parse_host("*.SQL.corp.example").as_deref(),
            Ok("*.sql.corp.example")
        );
        assert_eq!(parse_host("fd00::9").as_deref(), Ok("fd00::9"));
        for (bad, why) in [
            ("", "neither"),
            ("*", "neither"),
            ("*.", "neither"),
            ("*.com", "too many"),
            ("a.example,1433", "neither"),
            ("a.example\\x", "neither"),
            ("tcp:a.example", "neither"),
            ("https://a.example", "neither"),
            ("a.example b.example", "neither"),
            ("localhost", "this machine"),
            ("127.0.0.2", "this machine"),
            ("x.database.windows.net", "Azure"),
            ("*.database.windows.net", "Azure"),
        ] {
            let error = parse_host(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }
}
