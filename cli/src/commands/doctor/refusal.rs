//! What the refusals of Driver 18, unixODBC and Azure SQL mean, and what helps.

use crate::{
    commands::connect::connector::Refusal,
    sql::{self, UserType},
};
use entra_odbc_core::token::Claims;
use uuid::Uuid;

/// How SQL Server speaks of everyone who comes with a token.
const SOMEONE: &str = "<token-identified principal>";

/// A refusal that is known by a native error, a SQLSTATE or its words; its cause, and what to do.
struct Known(
    &'static [i64],
    &'static [&'static str],
    &'static str,
    &'static str,
);

const KNOWN: &[Known] = &[
    Known(
        &[40_615],
        &["is not allowed to access the server"],
        "the server's firewall does not know this machine's address",
        "az sql server firewall-rule create --resource-group … --server … --name … --start-ip-address … --end-ip-address …",
    ),
    Known(
        &[47_073],
        &["Deny Public Network Access"],
        "the server takes connections through private endpoints only",
        "Connect from a network with a private endpoint of the server, whose name must lead there.",
    ),
    Known(
        &[4060],
        &["Cannot open database"],
        "there is no such database, or this user is not in it",
        "Check Database=, and create the user in that database: a contained user of another one is not enough.",
    ),
    Known(
        &[40_613],
        &["is not currently available"],
        "the database is paused, or is being moved",
        "Try again in a minute: a serverless database wakes up at the first login.",
    ),
    Known(
        &[],
        &["not currently configured to accept this token"],
        "the server accepts no tokens of this tenant, or has no Entra administrator",
        "Set an Entra administrator for the server; check TenantId and Scope.",
    ),
    Known(
        &[],
        &["Token is expired"],
        "the server takes the token for expired",
        "Compare this machine's clock with the server's; get a new token where it was given.",
    ),
    Known(
        &[],
        &["certificate verify failed", "SSL Provider"],
        "TLS with the server has failed: its certificate is not trusted here, or OpenSSL is missing",
        "For a server of your own: install its CA certificate on this machine, or name it with ServerCertificate=.",
    ),
    Known(
        &[],
        &["IM002", "Data source name not found"],
        "unixODBC knows neither a driver nor a data source of that name",
        "See which there are: entra-odbc status; register the driver: sudo entra-odbc install",
    ),
    Known(
        &[],
        &["Can't open lib"],
        "unixODBC has found the driver's name, but cannot load its library",
        "entra-odbc status shows where it is registered; ldd on that file shows what it lacks.",
    ),
    Known(
        &[],
        &["IM003"],
        "Microsoft's driver, which does the work, cannot be loaded",
        "See the findings real-driver and driver-libraries.",
    ),
    Known(
        &[],
        &["HYT00"],
        "nobody has answered within the login timeout",
        "Check firewalls in between; a serverless database that wakes up needs a longer timeout: --timeout 60",
    ),
    Known(
        &[],
        &["Login failed"],
        "the server does not know this login, or its password is another one",
        "Check UID and PWD, and that the server takes SQL logins.",
    ),
];

/// The cause and what to do; both empty where the words are all there is.
pub fn of(refusal: &Refusal, claims: Option<&Claims>) -> (String, String) {
    let text = format!("{} {}", refusal.state, refusal.message);
    let is_known = |Known(codes, words, ..): &&Known| {
        codes.contains(&refusal.native.abs()) || words.iter().any(|word| text.contains(word))
    };
    // What is special first: an expired token is no missing user.
    let special = ["Token is expired", "not currently configured"]
        .iter()
        .any(|words| text.contains(words));
    if text.contains(SOMEONE) && !special {
        return (
            "the database has no user for who signed in, or one made with the object id in place of the application id"
                .to_owned(),
            format!("Run in the database, as its Entra administrator:\n{}", statements(claims)),
        );
    }
    let known = KNOWN.iter().find(is_known);
    known.map_or_else(Default::default, |Known(_, _, cause, next)| {
        ((*cause).to_owned(), (*next).to_owned())
    })
}

/// What creates the user.
fn statements(claims: Option<&Claims>) -> String {
    let principal = claims.and_then(|claims| claims.principal.as_deref());
    let Some(name) = principal else {
        return sql::create_user_from_entra("name");
    };
    let create = match Uuid::parse_str(name) {
        _ if name.contains('@') => sql::create_user_from_entra(name),
        Ok(application) => sql::create_user_with_sid(name, application, UserType::Principal),
        Err(_) => return sql::create_user_from_entra(name),
    };
    format!("{create}\n{}", sql::add_to_role("db_datareader", name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(state: &str, message: &str, principal: Option<&str>) -> (String, String) {
        let refusal = Refusal {
            during: "connect".into(),
            state: state.into(),
            native: 0,
            message: message.into(),
        };
        let claims = Claims {
            principal: principal.map(str::to_owned),
            ..Claims::default()
        };
        of(&refusal, Some(&claims))
    }

    #[test]
    fn who_has_no_user_gets_the_statements_that_create_one() {
        let words = "Login failed for user '<token-identified principal>'.";
        let (_, next) = meaning("28000", words, Some("a]b@contoso.com"));
        assert!(
            next.contains("CREATE USER [a]]b@contoso.com] FROM EXTERNAL PROVIDER;"),
            "{next}"
        );
        let (_, next) = meaning("28000", words, Some("619a4449-b4aa-4383-a2a9-7c365106c5e7"));
        assert!(
            next.contains("WITH SID = 0x49449A61AAB48343A2A97C365106C5E7, TYPE = E;"),
            "{next}"
        );
    }

    #[test]
    fn what_is_special_is_not_taken_for_a_missing_user() {
        let words = "Login failed for user '<token-identified principal>'. Token is expired.";
        let (cause, next) = meaning("28000", words, Some("x"));
        assert!(
            cause.contains("expired") && !next.contains("CREATE USER"),
            "{cause} {next}"
        );
    }

    #[test]
    fn known_words_are_explained_and_unknown_ones_stand_for_themselves() {
        for (message, part) in [
            (
                "Client with IP address '1.2.3.4' is not allowed to access the server.",
                "firewall",
            ),
            ("Cannot open database \"x\" requested by the login.", "Database="),
            ("Can't open lib '/x.so' : file not found", "status"),
        ] {
            let (cause, next) = meaning("42000", message, None);
            assert!(
                format!("{cause} {next}").contains(part),
                "{message}: {cause} {next}"
            );
        }
        assert_eq!(meaning("HY000", "something else", None), Default::default());
        let by_number = Refusal {
            during: "connect".into(),
            state: "42000".into(),
            native: 40_615,
            message: "in another language".into(),
        };
        assert!(of(&by_number, None).0.contains("firewall"));
    }
}
