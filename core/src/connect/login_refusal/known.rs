//! The table of known refusals: how they are recognised, their causes and their remedies.

use super::{Cause, Refusal};

/// The user name in SQL Server's messages about logins with a token.
pub const TOKEN_PRINCIPAL: &str = "<token-identified principal>";

/// A known refusal, recognised by any of its native errors, SQLSTATEs or message fragments.
#[derive(Debug)]
pub struct Known {
    /// What it means.
    pub cause: Cause,
    /// Which logins it is for; the messages of logins with and without a token are similar.
    logins: Logins,
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

/// Which logins a row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Logins {
    All,
    /// Those with a token.
    Token,
    /// Those with a token of which the server says no more than that they failed.
    TokenBare,
}

impl Known {
    /// The row of a refusal: the first that recognises it.
    pub fn find(refusal: &Refusal<'_>) -> Option<&'static Self> {
        KNOWN_REFUSALS.iter().find(|known| known.recognises(refusal))
    }

    /// Whether a server refused the login with a native error that the table has.
    pub fn is_of_server(refusal: &Refusal<'_>) -> bool {
        KNOWN_REFUSALS
            .iter()
            .any(|known| known.native.contains(&refusal.native))
    }

    fn recognises(&self, refusal: &Refusal<'_>) -> bool {
        let has = |fragment: &&str| refusal.message.contains(fragment);
        let is_for = match self.logins {
            Logins::All => true,
            Logins::Token => refusal.is_of_token(),
            Logins::TokenBare => refusal.is_bare(),
        };
        is_for
            && (self.native.contains(&refusal.native)
                || self.sqlstates.contains(&refusal.sqlstate)
                || self.fragments.iter().any(has))
    }
}

/// The special ones first: the message about an expired token has the same start as the one about a missing user.
const KNOWN_REFUSALS: [Known; 19] = [
    Known {
        cause: Cause::TokenExpired,
        logins: Logins::Token,
        native: &[],
        sqlstates: &[],
        fragments: &["expired"],
        text: "the server takes the token for expired",
        remedy: "Get a new token where one was given; compare this machine's clock with the server's.",
    },
    Known {
        cause: Cause::TenantNotAccepted,
        logins: Logins::Token,
        native: &[],
        sqlstates: &[],
        fragments: &["not currently configured to accept this token"],
        text: "the server accepts no tokens of this tenant, or has no Entra administrator",
        remedy: "Set an Entra administrator for the server, and check Scope and TenantId.",
    },
    Known {
        cause: Cause::NoDatabaseUser,
        logins: Logins::TokenBare,
        native: &[],
        sqlstates: &[],
        fragments: &[TOKEN_PRINCIPAL],
        text: "the database has no user for this identity, or one made with the object id in place of the application id",
        remedy: "Create a database user for it, and check Database.",
    },
    Known {
        cause: Cause::TokenRefused,
        logins: Logins::Token,
        native: &[],
        sqlstates: &[],
        fragments: &[TOKEN_PRINCIPAL],
        text: "the server does not accept this token",
        remedy: "Check that TenantId names the server's tenant, that Scope is for its cloud, and this machine's clock.",
    },
    Known {
        cause: Cause::TokenNotSent,
        logins: Logins::All,
        native: &[33_155],
        sqlstates: &[],
        fragments: &[],
        text: "the server waited for a token and got none",
        remedy: "Try again with a longer login timeout; check what closes idle connections in between.",
    },
    Known {
        cause: Cause::VirtualNetworkRule,
        logins: Logins::All,
        native: &[40_914],
        sqlstates: &[],
        fragments: &["Client is not allowed to access the server"],
        text: "the server takes connections from the virtual networks of its rules only, and this one is not among them",
        remedy: "az sql server vnet-rule create --resource-group <group> --server <server> --name <name> --subnet <subnet>; or a private endpoint.",
    },
    Known {
        cause: Cause::ServerNameUnknown,
        logins: Logins::All,
        native: &[40_532],
        sqlstates: &[],
        fragments: &[],
        text: "Azure's gateway takes the first part of Server= for the name of the server, and knows none of that name",
        remedy: "Write the Azure name in Server=; where another address leads to it, add ConnectTo=<address>,<port>.",
    },
    Known {
        cause: Cause::Firewall,
        logins: Logins::All,
        native: &[40_615],
        sqlstates: &[],
        fragments: &["is not allowed to access the server"],
        text: "the server's firewall does not know this machine's address",
        remedy: "az sql server firewall-rule create --resource-group <group> --server <server> --name <name> --start-ip-address <address> --end-ip-address <address>",
    },
    Known {
        cause: Cause::PublicAccessDenied,
        logins: Logins::All,
        native: &[47_073],
        sqlstates: &[],
        fragments: &["Deny Public Network Access"],
        text: "the server takes connections through private endpoints only",
        remedy: "Connect from a network with a private endpoint of the server, whose name must lead there.",
    },
    Known {
        cause: Cause::DatabaseNotOpened,
        logins: Logins::All,
        native: &[4060],
        sqlstates: &[],
        fragments: &["Cannot open database"],
        text: "there is no such database, or this user is not in it",
        remedy: "Check Database=, and create the user in that database: a contained user of another one is not enough.",
    },
    Known {
        cause: Cause::DatabaseUnavailable,
        logins: Logins::All,
        native: &[40_613],
        sqlstates: &[],
        fragments: &["is not currently available"],
        text: "the database is paused, or is being moved",
        remedy: "Try again in a minute, or set a login timeout of 60 s or more: a serverless database wakes up at the first login.",
    },
    Known {
        cause: Cause::ServerBusy,
        logins: Logins::All,
        native: &[
            4221, 10_928, 10_929, 40_197, 40_501, 42_109, 49_918, 49_919, 49_920,
        ],
        sqlstates: &[],
        fragments: &[],
        text: "the server has too much to do, or is being moved",
        remedy: "Try again in a minute; if it goes on, look at the limits of the database's service tier.",
    },
    Known {
        cause: Cause::Tls,
        logins: Logins::All,
        native: &[],
        sqlstates: &[],
        fragments: &["certificate verify failed", "SSL Provider"],
        text: "TLS with the server has failed: its certificate is not trusted here, or OpenSSL is missing",
        remedy: "For a server of your own: install its CA certificate on this machine, or name it with ServerCertificate=.",
    },
    Known {
        cause: Cause::NameNotRegistered,
        logins: Logins::All,
        native: &[],
        sqlstates: &["IM002"],
        fragments: &["Data source name not found"],
        text: "unixODBC knows neither a driver nor a data source of that name",
        remedy: "See which there are: entra-odbc status; register the driver: sudo entra-odbc install",
    },
    Known {
        cause: Cause::LibraryNotLoaded,
        logins: Logins::All,
        native: &[],
        sqlstates: &[],
        fragments: &["Can't open lib"],
        text: "unixODBC has found the driver's name, but cannot load its library",
        remedy: "entra-odbc status shows where it is registered; ldd on that file shows what it lacks.",
    },
    Known {
        cause: Cause::TargetDriverNotLoaded,
        logins: Logins::All,
        native: &[],
        sqlstates: &["IM003"],
        fragments: &[],
        text: "Microsoft's driver, which does the work, cannot be loaded",
        remedy: "See the findings real-driver and driver-libraries.",
    },
    Known {
        cause: Cause::TimedOut,
        logins: Logins::All,
        native: &[],
        sqlstates: &["HYT00"],
        fragments: &[],
        text: "nobody has answered within the login timeout",
        remedy: "Check firewalls in between; a serverless database that wakes up needs a longer timeout: --timeout 60",
    },
    Known {
        cause: Cause::WindowsLogin,
        logins: Logins::All,
        native: &[18_452],
        sqlstates: &[],
        fragments: &[],
        text: "the server took this for the login of a Windows user: it came with neither a token nor a name and password",
        remedy: "Say who signs in (Authentication=ActiveDirectoryDefault, or UID and PWD), and remove Trusted_Connection=yes.",
    },
    Known {
        cause: Cause::LoginUnknown,
        logins: Logins::All,
        native: &[super::LOGIN_FAILED],
        sqlstates: &[],
        fragments: &["Login failed"],
        text: "the server does not know this login, or its password is another one",
        remedy: "Check UID and PWD, and that the server takes SQL logins.",
    },
];
