//! What other clients of SQL Server call by another name or value than Driver 18, so that a string copied from
//! their documents works.
//!
//! Only for connects that are ours already, by the value of `Authentication=`: Driver 18.6 refuses the values
//! (`08001`) and passes the names over (`01S00`), so that one connects to another database than the string says.

use crate::connection_string::{Attribute, ConnectionString, server::SERVER_KEYWORDS};
use zeroize::Zeroizing;

/// Driver 18's names, the first of which is used, and what SqlClient, go-mssqldb and mssql-jdbc say instead.
type Names = (&'static [&'static str], &'static [&'static str]);

const ALIASES: [Names; 2] = [
    (&SERVER_KEYWORDS, &["Data Source", "ServerName"]),
    (&["Database"], &["Initial Catalog", "DatabaseName"]),
];

/// The same for a login with a password, whose keywords are none of ours.
const LOGIN_ALIASES: [Names; 2] = [
    (&["UID"], &["User ID", "User", "UserName"]),
    (&["PWD"], &["Password"]),
];

/// Keywords that are `true` or `false` to the others, and `yes` or `no` to Driver 18.
const BOOLEAN_KEYWORDS: [&str; 2] = ["Encrypt", "TrustServerCertificate"];

/// The server's port, which Driver 18 takes behind the server's name alone.
const PORT_KEYWORDS: [&str; 2] = ["Port", "PortNumber"];

/// The string in Driver 18's words, in its order; `None` where it is that already.
pub(crate) fn with_driver_keywords(string: &ConnectionString<'_>) -> Option<Zeroizing<Vec<u16>>> {
    rewrite(string, &ALIASES)
}

/// The same with a login's name and password.
pub(crate) fn with_login_keywords(string: &ConnectionString<'_>) -> Option<Zeroizing<Vec<u16>>> {
    rewrite(string, &[ALIASES, LOGIN_ALIASES].concat())
}

fn rewrite(string: &ConnectionString<'_>, names: &[Names]) -> Option<Zeroizing<Vec<u16>>> {
    let port = PORT_KEYWORDS.iter().find_map(|name| string.get(name));
    let port = port.and_then(|port| port.trim().parse::<u16>().ok());
    // Once, not for each attribute: a string may repeat one a hundred thousand times.
    let unsaid: Vec<_> = names
        .iter()
        .filter(|(drivers, _)| !mentions(string, drivers))
        .collect();
    let respell = |attribute: &Attribute| {
        let value = string.value(attribute);
        let value = if attribute.is_quoted() {
            value.as_str()
        } else {
            value.trim()
        };
        if let Some(switch) = BOOLEAN_KEYWORDS.into_iter().find(|switch| attribute.is(switch)) {
            return Some((switch, Zeroizing::new(switched(value)?.to_owned())));
        }
        let name = unsaid.iter().find_map(|names| name(attribute, names));
        let server = name.or_else(|| SERVER_KEYWORDS.into_iter().find(|name| attribute.is(name)));
        match (server.filter(|name| SERVER_KEYWORDS.contains(name)), port) {
            (Some(server), Some(port)) if !value.contains(',') => {
                Some((server, Zeroizing::new(format!("{value},{port}"))))
            }
            _ => name.map(|name| (name, Zeroizing::new(value.to_owned()))),
        }
    };
    let any = string
        .attributes()
        .iter()
        .any(|attribute| respell(attribute).is_some());
    any.then(|| string.with(respell))
}

/// Whether the string says something by Driver 18's own name for it: to the driver that is the only one.
fn mentions(string: &ConnectionString<'_>, drivers: &[&str]) -> bool {
    drivers.iter().any(|name| string.find(name).is_some())
}

/// Driver 18's name for what another client calls otherwise.
fn name(attribute: &Attribute, (drivers, others): &Names) -> Option<&'static str> {
    let is_one = others.iter().any(|other| attribute.is(other));
    drivers.first().copied().filter(|_| is_one)
}

fn switched(value: &str) -> Option<&'static str> {
    match value {
        _ if value.eq_ignore_ascii_case("true") => Some("yes"),
        _ if value.eq_ignore_ascii_case("false") => Some("no"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelled(text: &str, by: fn(&ConnectionString<'_>) -> Option<Zeroizing<Vec<u16>>>) -> Option<String> {
        let text: Vec<u16> = text.encode_utf16().collect();
        by(&ConnectionString::parse(&text)).map(|text| String::from_utf16(&text).unwrap())
    }

    #[test]
    fn names_and_switches_become_those_of_driver_18_and_the_rest_stays() {
        assert_eq!(
            respelled(
                "Data Source=a,1 ;Initial Catalog={b;c};Encrypt=True; TrustServerCertificate=FALSE;APP=True",
                with_driver_keywords
            )
            .unwrap(),
            "Server=a,1;Database={b;c};Encrypt=yes;TrustServerCertificate=no;APP=True;"
        );
        assert_eq!(
            respelled(
                "Server=a;Database=b;Encrypt=strict;User ID=c",
                with_driver_keywords
            ),
            None
        );
    }

    #[test]
    fn a_name_of_the_drivers_own_is_the_one_that_counts_as_with_the_driver() {
        let text = "Initial Catalog=a;Database=b;Data Source=c;Addr=d";
        assert_eq!(respelled(text, with_driver_keywords), None);
    }

    #[test]
    fn a_name_that_is_repeated_without_end_takes_no_time_without_end() {
        let text = "Initial Catalog=a;".repeat(100_000);
        let start = std::time::Instant::now();
        assert!(respelled(&text, with_driver_keywords).is_some());
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }

    #[test]
    fn a_port_of_its_own_goes_behind_the_server_that_has_none() {
        assert_eq!(
            respelled("Addr=a;Port= 1434 ;APP=b", with_driver_keywords).unwrap(),
            "Addr=a,1434;Port= 1434 ;APP=b;"
        );
        assert_eq!(
            respelled("serverName=a;portNumber=1434", with_driver_keywords).unwrap(),
            "Server=a,1434;portNumber=1434;"
        );
        for text in [
            "Server=a,1;Port=1434",
            "Server=a;Port=none",
            "Server=a;Port=99999",
        ] {
            assert_eq!(respelled(text, with_driver_keywords), None);
        }
    }

    #[test]
    fn name_and_password_are_a_logins_only() {
        let text = "User ID=a;Password={b;}}}";
        assert_eq!(respelled(text, with_driver_keywords), None);
        assert_eq!(respelled(text, with_login_keywords).unwrap(), "UID=a;PWD={b;}}};");
    }
}
