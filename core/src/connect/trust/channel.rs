//! The connection to the server as a string and its data source ask for it, and as the driver is told to make it.

use crate::{
    connect::target::Destination,
    connection_string::{
        append, append_quoted,
        server::{SERVER_KEYWORDS, Server, parse_name},
    },
    tds::{self, Encryption, LoginOptions, Target, Trust},
};
use entra_auth::{
    Error,
    cloud::{Cloud, PUBLIC},
};
use zeroize::Zeroizing;

/// All that decides where a connection goes and who may answer there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// `Server=`.
    pub server: Server,
    /// `Encrypt=`.
    pub encryption: Encryption,
    /// `TrustServerCertificate=yes`.
    pub trust_server_certificate: bool,
    /// `HostnameInCertificate=`.
    pub hostname_in_certificate: Option<String>,
    /// `ServerCertificate=`.
    pub server_certificate: Option<String>,
    /// `ConnectTo=`: where the connection is made to in place of the server's own address.
    pub connect_to: Option<Server>,
}

/// The keywords that the driver is told first; what string and data source say of them goes no further.
pub const DICTATED: [&str; 8] = [
    "Server",
    "Address",
    "Addr",
    "Network Address",
    "Encrypt",
    "TrustServerCertificate",
    "HostnameInCertificate",
    "ServerCertificate",
];

/// A mirror of the database, to which Driver 18.6 goes with the token when the server does not answer.
///
/// It takes the first from data sources alone, where no string can take it back; later versions know the second.
pub const FAILOVER_PARTNER: [&str; 3] = ["Failover_Partner", "FailoverPartner", "Failover Partner"];

impl Channel {
    /// Reads the keywords through `string` and `section`, in which a keyword that is not there is `None`. `connect_to` is the
    /// value of `ConnectTo=`, which is one of our own keywords and may be spelled in several ways.
    ///
    /// `None` where no server is named. An error for everything that could mean another thing to the driver.
    pub fn read(
        string: impl Fn(&str) -> Option<Zeroizing<String>>,
        section: impl Fn(&str) -> Option<Zeroizing<String>>,
        connect_to: Option<Zeroizing<String>>,
    ) -> Result<Option<Self>, Error> {
        let filled = |value: Option<Zeroizing<String>>| value.filter(|value| !value.trim().is_empty());
        let get = |keyword: &str| filled(string(keyword).or_else(|| section(keyword)));
        if let Some(keyword) = FAILOVER_PARTNER.iter().find(|keyword| get(keyword).is_some()) {
            return Err(Error::invalid(format!(
                "{keyword}= names a second server, to which the driver would take the token unasked (entra-odbc explain trust)"
            ))
            .remedy(format!(
                "Remove {keyword}=: Azure SQL has no database mirroring, and a failover group has a name of its own."
            )));
        }
        let Some(server) = server(|keyword| filled(string(keyword)), || filled(section("Server")))? else {
            return Ok(None);
        };
        let hostname_in_certificate = match get("HostnameInCertificate") {
            Some(name) => Some(certificate_name(&name)?),
            // Driver 18.6 matches no certificate against an address, and that is what it gets in place of the name.
            None if server.is_local_name => Some("localhost".to_owned()),
            None => server.name_behind_private_endpoint(),
        };
        Ok(Some(Self {
            encryption: encryption(get("Encrypt").as_deref().map(String::as_str))?,
            trust_server_certificate: is_trusted(
                get("TrustServerCertificate").as_deref().map(String::as_str),
            )?,
            server_certificate: get("ServerCertificate").map(|path| path.to_string()),
            connect_to: connect_to
                .map(|value| parse_connect_to(&value, &server))
                .transpose()?,
            hostname_in_certificate,
            server,
        }))
    }

    /// Whether the driver checks who answers.
    #[must_use]
    pub fn is_validated(&self) -> bool {
        match self.encryption {
            Encryption::No => false,
            Encryption::Yes => !self.trust_server_certificate,
            Encryption::Strict => true,
        }
    }

    /// The names of which the server's certificate must have one: Driver 18.6 accepts either, and none for an address.
    pub fn certificate_names(&self) -> impl Iterator<Item = &str> {
        let host = self
            .server
            .address()
            .is_none()
            .then_some(self.server.host.as_str());
        host.into_iter().chain(self.hostname_in_certificate.as_deref())
    }

    /// The cloud that the certificate's name tells, else the server's.
    #[must_use]
    pub fn cloud(&self) -> Option<&'static Cloud> {
        let named = self.hostname_in_certificate.as_deref().and_then(Cloud::for_host);
        named
            .or_else(|| self.server.cloud())
            .or_else(|| Cloud::of_own_audience(self.own_audience()?))
    }

    /// The scope of the server's tokens, by its certificate's name or its own.
    #[must_use]
    pub fn scope(&self) -> String {
        match self.own_audience() {
            Some(name) => format!("https://{name}/.default"),
            None => self.sql_scope().to_owned(),
        }
    }

    /// The scope of a token for SQL Server in the channel's cloud, whatever the server is.
    #[must_use]
    pub fn sql_scope(&self) -> &'static str {
        self.cloud().unwrap_or(&PUBLIC).scope
    }

    /// The name of a server that takes tokens for its very name.
    fn own_audience(&self) -> Option<&str> {
        let certificate = self.hostname_in_certificate.as_deref();
        certificate
            .into_iter()
            .chain([self.server.host.as_str()])
            .find(|name| Cloud::of_own_audience(name).is_some())
    }

    /// Gives a server that is named by its private endpoint its own name, and leads to the endpoint: Azure refuses logins by
    /// the endpoint's name, for which no certificate is either.
    pub fn name_behind_private_endpoint(&mut self) {
        let name = self.server.name_behind_private_endpoint();
        let may_be_led = self.is_validated() && self.server.instance.is_none();
        if self.connect_to.is_some() || !may_be_led || name != self.hostname_in_certificate {
            return;
        }
        if let Some(server) = name.and_then(|name| self.server.renamed(&name)) {
            self.connect_to = Some(std::mem::replace(&mut self.server, server));
            self.hostname_in_certificate = None;
        }
    }

    /// Writes it for the driver, what is absent as well: `{}` is how Driver 18.6 takes "none" without a warning (`01S00`).
    pub fn dictate(&self, text: &mut Vec<u16>) {
        let server = self.server.to_string();
        // Of no effect with `strict`, as the driver's documentation has it; so it is not said either.
        let trusts = self.trust_server_certificate && self.encryption != Encryption::Strict;
        let trust = if trusts { "yes" } else { "no" };
        // Two keywords for one thing, of which the driver prefers the second.
        append(text, "SERVER", &server);
        append(text, "ADDRESS", &server);
        append(text, "Encrypt", self.encryption.name());
        if self.connect_to.is_some() {
            // A lost connection is restored by the driver itself, which would go to the server's own address.
            append(text, "ConnectRetryCount", "0");
        }
        append(text, "TrustServerCertificate", trust);
        for (keyword, value) in [
            ("HostnameInCertificate", &self.hostname_in_certificate),
            ("ServerCertificate", &self.server_certificate),
        ] {
            append_quoted(text, keyword, value.as_deref().unwrap_or_default());
        }
    }

    /// Where the driver is led to in place of the server's own address.
    #[must_use]
    pub fn destination(&self) -> Option<Destination> {
        let to = self.connect_to.as_ref()?;
        Some(Destination {
            server: self.server.host.clone(),
            server_port: self.server.port.unwrap_or(tds::PORT),
            host: to.host.clone(),
            port: to.port.or(self.server.port).unwrap_or(tds::PORT),
        })
    }

    /// The same for a login of ours that ends before anyone has signed in; `None` for a named instance, whose port is not
    /// known.
    pub(crate) fn target(&self, options: LoginOptions) -> Option<Target> {
        self.instance()
            .is_none()
            .then(|| self.target_at(self.server.port.unwrap_or(tds::PORT), options))
    }

    /// The named instance whose port the driver asks for: it heeds a port alone where there is one.
    pub(crate) fn instance(&self) -> Option<&str> {
        let instance = self.server.instance.as_deref();
        instance.filter(|_| self.server.port.is_none())
    }

    /// The target with another port than the server's own.
    pub(crate) fn target_at(&self, port: u16, options: LoginOptions) -> Target {
        let trust = match &self.server_certificate {
            // Driver 18.6 heeds it with this encryption alone.
            Some(path) if self.encryption == Encryption::Strict => Trust::File(path.clone()),
            _ if self.is_validated() => Trust::Authorities {
                names: self.certificate_names().map(str::to_owned).collect(),
            },
            _ => Trust::Any,
        };
        Target {
            host: self.server.host.clone(),
            port,
            connect_to: self
                .destination()
                .map(|destination| (destination.host, destination.port)),
            options,
            encryption: self.encryption,
            trust,
        }
    }
}

/// `ConnectTo=` for a server.
fn parse_connect_to(value: &str, server: &Server) -> Result<Server, Error> {
    let to = Server::parse(value).filter(|to| to.instance.is_none()).ok_or_else(|| {
        Error::invalid("ConnectTo= does not say for certain which address it means")
            .remedy("Write a host name or an address, with ,port behind it where needed: ConnectTo=127.0.0.1,1433.")
    })?;
    if server.instance.is_some() && server.port.is_none() {
        return Err(Error::invalid(
            "ConnectTo= cannot be used with a named instance, whose port is asked for over UDP",
        )
        .remedy("Write the port in place of the instance: Server=host,port."));
    }
    Ok(to)
}

/// The server that Driver 18.6 would go to by the string, else the data source's, where it knows one keyword only.
fn server(
    string: impl Fn(&str) -> Option<Zeroizing<String>>,
    section: impl FnOnce() -> Option<Zeroizing<String>>,
) -> Result<Option<Server>, Error> {
    let mut found: Option<(&str, Server)> = None;
    for keyword in SERVER_KEYWORDS {
        let Some(value) = string(keyword) else { continue };
        let server = parse(keyword, &value)?;
        match &found {
            Some((first, known)) if *known != server => {
                return Err(Error::invalid(format!(
                    "{first}= and {keyword}= name two servers, {known} and {server} (entra-odbc explain trust)"
                ))
                .remedy("Keep one of them."));
            }
            Some(_) => {}
            None => found = Some((keyword, server)),
        }
    }
    match (found, section()) {
        (Some((_, server)), _) => Ok(Some(server)),
        (None, Some(value)) => parse("Server", &value).map(Some),
        (None, None) => Ok(None),
    }
}

fn parse(keyword: &str, value: &str) -> Result<Server, Error> {
    Server::parse(value).ok_or_else(|| {
        let error = Error::invalid(format!(
            "{keyword}= does not say for certain which server it means, so no token goes there (entra-odbc explain trust)"
        ));
        match Server::parse_colon_before_port(value) {
            Some(server) => error.remedy(format!(
                "A comma stands before the port, no colon: write {keyword}={server}."
            )),
            None => error.remedy(
                "Write a host name or an address, with ,port or \\instance behind it where needed: \
                 Server=contoso.database.windows.net,1433.",
            ),
        }
    })
}

/// A host name, or `*.` before one.
fn certificate_name(value: &str) -> Result<String, Error> {
    let value = value.trim();
    let (pattern, name) = match value.strip_prefix("*.") {
        Some(name) => ("*.", name),
        None => ("", value),
    };
    match parse_name(name.strip_suffix('.').unwrap_or(name)) {
        Some(name) => Ok(format!("{pattern}{name}")),
        None => Err(
            Error::invalid("HostnameInCertificate= is not a host name (entra-odbc explain trust)")
                .remedy("Write the name that the server's certificate is for."),
        ),
    }
}

fn encryption(value: Option<&str>) -> Result<Encryption, Error> {
    let Some(value) = value else {
        return Ok(Encryption::Yes);
    };
    let known = [
        (&["yes", "mandatory", "true"][..], Encryption::Yes),
        (&["no", "optional", "false"], Encryption::No),
        (&["strict"], Encryption::Strict),
    ];
    let value = value.trim();
    known
        .iter()
        .find(|(names, _)| names.iter().any(|name| name.eq_ignore_ascii_case(value)))
        .map(|(_, encryption)| *encryption)
        .ok_or_else(|| {
            Error::invalid("Encrypt= is neither yes (mandatory), strict nor no (optional)")
                .remedy("Correct or remove Encrypt=.")
        })
}

fn is_trusted(value: Option<&str>) -> Result<bool, Error> {
    let Some(value) = value else {
        return Ok(false);
    };
    match value.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(Error::invalid("TrustServerCertificate= is neither yes nor no")
            .remedy("Correct or remove TrustServerCertificate=.")),
    }
}

#[cfg(test)]
mod tests;
