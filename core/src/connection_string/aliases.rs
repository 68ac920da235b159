//! What other clients of SQL Server call by another name or value than Driver 18, so that a string copied from
//! their documents works.
//!
//! Only for connects that are ours already, by the value of `Authentication=`: Driver 18.6 refuses the values
//! (`08001`) and passes the names over (`01S00`), so that one connects to another database than the string says.

use crate::{
    connect::trust::{DICTATED, FAILOVER_PARTNER},
    connection_string::{Attribute, ConnectionString, data_source::FORWARDED, server::SERVER_KEYWORDS},
};
use entra_auth::parameters::spelling::{is_same, unquoted};
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

/// The keywords whose values are a server, a name or a switch, for which quotes around them can only be ADO.NET's.
const UNQUOTED: [&str; 1] = ["Database"];

/// Further keywords of Driver 18 that it reads in strings alone.
const OTHERS: [&str; 2] = ["APP", "WSID"];

/// The string in Driver 18's words, in its order; `None` where it is that already.
pub(crate) fn with_driver_keywords(string: &ConnectionString<'_>) -> Option<Zeroizing<Vec<u16>>> {
    rewrite(string, &ALIASES)
}

/// The same with a login's name and password.
pub(crate) fn with_login_keywords(string: &ConnectionString<'_>) -> Option<Zeroizing<Vec<u16>>> {
    rewrite(string, &[ALIASES, LOGIN_ALIASES].concat())
}

/// Whether this is a keyword that is rewritten, or that Driver 18 reads.
pub(crate) fn is_known(keyword: &str) -> bool {
    let aliases = ALIASES.iter().flat_map(|(_, others)| *others);
    let mut all = aliases.chain(&PORT_KEYWORDS).copied().chain(drivers());
    all.any(|known| is_same(known, keyword))
}

/// The keywords that Driver 18 reads, those of the sign-in excepted.
pub(crate) fn drivers() -> impl Iterator<Item = &'static str> {
    DICTATED
        .into_iter()
        .chain(FORWARDED)
        .chain(FAILOVER_PARTNER)
        .chain(OTHERS)
}

fn rewrite(string: &ConnectionString<'_>, names: &[Names]) -> Option<Zeroizing<Vec<u16>>> {
    let port = port(string);
    // Once, not for each attribute: a string may repeat one a hundred thousand times.
    let unsaid: Vec<_> = names
        .iter()
        .filter(|(drivers, _)| !mentions(string, drivers))
        .collect();
    let misspelled: Vec<_> = drivers().filter(|name| !mentions(string, &[name])).collect();
    let respell = |attribute: &Attribute| {
        let written = drivers().find(|name| attribute.is(name));
        let name = written
            .or_else(|| unsaid.iter().find_map(|names| name(attribute, names)))
            .or_else(|| {
                let is_meant = |name: &&&str| is_same(name, attribute.keyword());
                misspelled.iter().find(is_meant).copied()
            })?;
        let whole = string.value(attribute);
        let value = if attribute.is_quoted() {
            whole.as_str()
        } else {
            value(name, whole.trim())
        };
        let replaced = |value: &str| Some((name, Zeroizing::new(value.to_owned())));
        let is_changed = written.is_none() || value.len() != whole.trim().len();
        match port {
            Some(port) if SERVER_KEYWORDS.contains(&name) && !value.contains(',') => {
                replaced(&format!("{value},{port}"))
            }
            _ if BOOLEAN_KEYWORDS.contains(&name) && switched(value).is_some() => replaced(switched(value)?),
            _ if is_changed => replaced(value),
            _ => None,
        }
    };
    let any = string
        .attributes()
        .iter()
        .any(|attribute| respell(attribute).is_some());
    any.then(|| string.with(respell))
}

/// The port that stands in a keyword of its own, for a data source whose server the string does not replace.
pub(crate) fn port_alone(string: &ConnectionString<'_>) -> Option<u16> {
    port(string).filter(|_| !mentions(string, &SERVER_KEYWORDS))
}

/// Whether this keyword is a port.
pub(crate) fn is_port(keyword: &str) -> bool {
    PORT_KEYWORDS.iter().any(|name| is_same(name, keyword))
}

fn port(string: &ConnectionString<'_>) -> Option<u16> {
    let mut attributes = string.attributes().iter();
    let port = attributes.find(|attribute| is_port(attribute.keyword()))?;
    string.value(port).trim().parse().ok()
}

/// The value without ADO.NET's quotes, where such can be none of its own.
fn value<'a>(name: &str, value: &'a str) -> &'a str {
    if DICTATED.contains(&name) || UNQUOTED.contains(&name) {
        unquoted(value)
    } else {
        value
    }
}

/// Whether the string says something by Driver 18's own name for it: to the driver that is the only one.
fn mentions(string: &ConnectionString<'_>, drivers: &[&str]) -> bool {
    drivers.iter().any(|name| string.find(name).is_some())
}

/// Driver 18's name for what another client calls otherwise, or for what has blanks or the like in its name.
fn name(attribute: &Attribute, (drivers, others): &Names) -> Option<&'static str> {
    let mut all = others.iter().chain(*drivers);
    let is_one = all.any(|other| is_same(other, attribute.keyword()));
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
    fn blanks_and_quotes_that_the_driver_would_take_for_a_part_go() {
        assert_eq!(
            respelled(
                "Server = tcp:a ; Database = b ;Trust Server Certificate = True;Host Name In Certificate=c;APP= d ;Foo = e",
                with_driver_keywords
            )
            .unwrap(),
            "Server=tcp:a;Database=b;TrustServerCertificate=yes;HostnameInCertificate=c;APP= d ;Foo = e;"
        );
        assert_eq!(
            respelled(
                "Server=\"a\";Database='b';Encrypt=\"True\";Port = 1434;KeystoreSecret=\"c\"",
                with_driver_keywords
            )
            .unwrap(),
            "Server=a,1434;Database=b;Encrypt=yes;Port = 1434;KeystoreSecret=\"c\";"
        );
        // As the driver writes it counts, as with the driver.
        assert_eq!(
            respelled("Server =a;Database = b;Server=c;Database=d", with_driver_keywords),
            None
        );
        assert_eq!(
            respelled("UID = a;PWD = b ;Failover_Partner =c", with_login_keywords).unwrap(),
            "UID=a;PWD=b;Failover_Partner=c;"
        );
    }

    #[test]
    fn name_and_password_are_a_logins_only() {
        let text = "User ID=a;Password={b;}}}";
        assert_eq!(respelled(text, with_driver_keywords), None);
        assert_eq!(respelled(text, with_login_keywords).unwrap(), "UID=a;PWD={b;}}};");
    }
}
