//! The table of known refusals: how they are recognised, their causes and their remedies.

use super::{Cause, Refusal};

/// The user name in SQL Server's messages about logins with a token.
pub const TOKEN_PRINCIPAL: &str = "<token-identified principal>";

/// A known refusal, recognised by any of its native errors, SQLSTATEs or message fragments.
#[derive(Debug)]
pub struct Known {
    /// What it means.
    pub cause: Cause,
    /// Whether the row is for logins with a token only; the messages of other logins are similar.
    token_only: bool,
    /// Native errors of SQL Server.
    native: &'static [i32],
    /// SQLSTATEs of Driver 18 and unixODBC.
    sqlstates: &'static [&'static str],
    /// Parts of the message.
    fragments: &'static [&'static str],
    /// The cause in words.
    pub text: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl Known {
    /// The row of a refusal: the first that recognises it.
    pub fn find(refusal: &Refusal<'_>) -> Option<&'static Self> {
        KNOWN_REFUSALS.iter().find(|known| known.recognises(refusal))
    }

    fn recognises(&self, refusal: &Refusal<'_>) -> bool {
        let has = |fragment: &&str| refusal.message.contains(fragment);
        (!self.token_only || refusal.is_of_token())
            && (self.native.contains(&refusal.native)
                || self.sqlstates.contains(&refusal.sqlstate)
                || self.fragments.iter().any(has))
    }
}

/// The special ones first: the message about an expired token has the same start as the one about a missing user.
const KNOWN_REFUSALS: [Known; 13] = [
    Known {
        cause: Cause::TokenExpired,
        token_only: true,
        native: &[],
        sqlstates: &[],
        fragments: &["expired"],
        text: "the server takes the token for expired",
        remedy: "Compare this machine's clock with the server's; get a new token where one was given.",
    },
    Known {
        cause: Cause::TenantNotAccepted,
        token_only: true,
        native: &[],
        sqlstates: &[],
        fragments: &["not currently configured to accept this token"],
        text: "the server accepts no tokens of this tenant, or has no Entra administrator",
        remedy: "Set an Entra administrator for the server, and check Scope and TenantId.",
    },
    Known {
        cause: Cause::NoDatabaseUser,
        token_only: true,
        native: &[],
        sqlstates: &[],
        fragments: &[TOKEN_PRINCIPAL],
        text: "the database has no user for this identity, or one made with the object id in place of the application id",
        remedy: "Create a database user for it, and check Database.",
    },
    Known {
        cause: Cause::Firewall,
        token_only: false,
        native: &[40_615],
        sqlstates: &[],
        fragments: &["is not allowed to access the server"],
        text: "the server's firewall does not know this machine's address",
        remedy: "az sql server firewall-rule create --resource-group … --server … --name … --start-ip-address … --end-ip-address …",
    },
    Known {
        cause: Cause::PublicAccessDenied,
        token_only: false,
        native: &[47_073],
        sqlstates: &[],
        fragments: &["Deny Public Network Access"],
        text: "the server takes connections through private endpoints only",
        remedy: "Connect from a network with a private endpoint of the server, whose name must lead there.",
    },
    Known {
        cause: Cause::DatabaseNotOpened,
        token_only: false,
        native: &[4060],
        sqlstates: &[],
        fragments: &["Cannot open database"],
        text: "there is no such database, or this user is not in it",
        remedy: "Check Database=, and create the user in that database: a contained user of another one is not enough.",
    },
    Known {
        cause: Cause::DatabaseUnavailable,
        token_only: false,
        native: &[40_613],
        sqlstates: &[],
        fragments: &["is not currently available"],
        text: "the database is paused, or is being moved",
        remedy: "Try again in a minute: a serverless database wakes up at the first login.",
    },
    Known {
        cause: Cause::Tls,
        token_only: false,
        native: &[],
        sqlstates: &[],
        fragments: &["certificate verify failed", "SSL Provider"],
        text: "TLS with the server has failed: its certificate is not trusted here, or OpenSSL is missing",
        remedy: "For a server of your own: install its CA certificate on this machine, or name it with ServerCertificate=.",
    },
    Known {
        cause: Cause::NameNotRegistered,
        token_only: false,
        native: &[],
        sqlstates: &["IM002"],
        fragments: &["Data source name not found"],
        text: "unixODBC knows neither a driver nor a data source of that name",
        remedy: "See which there are: entra-odbc status; register the driver: sudo entra-odbc install",
    },
    Known {
        cause: Cause::LibraryNotLoaded,
        token_only: false,
        native: &[],
        sqlstates: &[],
        fragments: &["Can't open lib"],
        text: "unixODBC has found the driver's name, but cannot load its library",
        remedy: "entra-odbc status shows where it is registered; ldd on that file shows what it lacks.",
    },
    Known {
        cause: Cause::TargetDriverNotLoaded,
        token_only: false,
        native: &[],
        sqlstates: &["IM003"],
        fragments: &[],
        text: "Microsoft's driver, which does the work, cannot be loaded",
        remedy: "See the findings real-driver and driver-libraries.",
    },
    Known {
        cause: Cause::TimedOut,
        token_only: false,
        native: &[],
        sqlstates: &["HYT00"],
        fragments: &[],
        text: "nobody has answered within the login timeout",
        remedy: "Check firewalls in between; a serverless database that wakes up needs a longer timeout: --timeout 60",
    },
    Known {
        cause: Cause::LoginUnknown,
        token_only: false,
        native: &[super::LOGIN_FAILED],
        sqlstates: &[],
        fragments: &["Login failed"],
        text: "the server does not know this login, or its password is another one",
        remedy: "Check UID and PWD, and that the server takes SQL logins.",
    },
];
