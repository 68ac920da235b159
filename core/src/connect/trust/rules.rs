//! The rules: which connection a token may take.

use super::{Administrator, Channel, TRUSTED_SERVERS};
use crate::tds::Encryption;
use entra_auth::{
    Error,
    cloud::{self, Cloud},
    parameters::scope,
};

/// A connection that a token may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What the driver is told.
    pub channel: Channel,
    /// Whether a token of which nobody can tell whom it is for may go there as well.
    pub opaque_tokens: bool,
    /// Whether the server must have said before that it sends nobody on: the driver follows a redirect to wherever DNS
    /// leads, and does not check there either.
    pub rules_out_redirect: bool,
}

impl Channel {
    /// Decides whether a token for `scope` may take this connection, and tightens it where that makes the difference.
    ///
    /// In this order: a literal loopback address and a host that the administrator trusts are connected to as the string
    /// says. Everything else is encrypted and validated, and each name that the certificate may have is one of Azure's
    /// or of the administrator's; for a token that is not for SQL Server, the name is the token's own audience.
    pub fn decide(mut self, scope: &str, administrator: &Administrator) -> Result<Decision, Error> {
        self.connect_by_certificate_name(administrator);
        // What is true of a loopback address or of the administrator's host is not true of where the connection goes then.
        let goes_there = self.connect_to.is_none();
        if !goes_there && !self.is_validated() {
            return Err(Error::invalid(format!(
                "ConnectTo= leads elsewhere than to {}, so its certificate has to be validated (entra-odbc explain trust)",
                self.server.host
            ))
            .remedy("Have it validated: Encrypt=yes;TrustServerCertificate=no, or Encrypt=strict."));
        }
        if goes_there && (self.server.is_loopback() || administrator.trusts(&self.server.host)) {
            return Ok(Decision {
                rules_out_redirect: !self.is_validated(),
                opaque_tokens: true,
                channel: self,
            });
        }
        self.check_validation()?;
        let resource = scope::resource(scope).to_ascii_lowercase();
        if cloud::is_audience(&resource) {
            self.check_names(administrator)?;
        } else {
            self.check_audience(scope, administrator)?;
        }
        self.trust_server_certificate = false;
        Ok(Decision {
            channel: self,
            opaque_tokens: false,
            rules_out_redirect: false,
        })
    }

    /// A server by a name of one's own, whose certificate has a name of Azure's: the driver gets the latter as the server,
    /// and is led to the former. It would accept a certificate for either, and those for names of one's own are free.
    fn connect_by_certificate_name(&mut self, administrator: &Administrator) {
        let own = &self.server;
        let is_own_name = own.address().is_none()
            && own.cloud().is_none()
            && !administrator.trusts(&own.host)
            && own.instance.is_none();
        let Some(name) = self
            .hostname_in_certificate
            .as_deref()
            .filter(|name| is_own_name && self.connect_to.is_none() && Cloud::for_host(name).is_some())
            .filter(|_| self.encryption != Encryption::No && self.server_certificate.is_none())
        else {
            return;
        };
        let Some(server) = own.renamed(name) else { return };
        self.connect_to = Some(std::mem::replace(&mut self.server, server));
        self.hostname_in_certificate = None;
        self.trust_server_certificate = false;
    }

    fn check_validation(&self) -> Result<(), Error> {
        let keyword = if self.encryption == Encryption::No {
            "Encrypt"
        } else if self.server_certificate.is_some() {
            "ServerCertificate"
        } else {
            return Ok(());
        };
        Err(Error::invalid(format!(
            "{keyword}= cannot be used with {}: a token goes there only over an encrypted connection with a \
             certificate that an authority vouches for (entra-odbc explain trust)",
            self.server.host
        ))
        .remedy(format!(
            "Remove {keyword}= from the connection string or data source."
        )))
    }

    /// Certificates for names of one's own are free, so a name that was changed in a string must not be enough.
    fn check_names(&self, administrator: &Administrator) -> Result<(), Error> {
        let mut clouds: Vec<&Cloud> = Vec::new();
        for name in self.certificate_names() {
            match Cloud::for_host(name) {
                Some(cloud) => clouds.push(cloud),
                None if administrator.trusts(name) => {}
                None => return Err(self.stranger(name)),
            }
        }
        match clouds.as_slice() {
            [one, other] if one.scope != other.scope => Err(Error::invalid(format!(
                "Server= and HostnameInCertificate= name two clouds, so nobody can tell which token {} is to get \
                 (entra-odbc explain trust)",
                self.server.host
            ))
            .remedy("Correct HostnameInCertificate=.")),
            [] if self.certificate_names().next().is_none() => Err(self.nameless()),
            _ => Ok(()),
        }
    }

    fn stranger(&self, name: &str) -> Error {
        let host = &self.server.host;
        if name != host {
            return Error::invalid(format!(
                "HostnameInCertificate={name} is no name of Azure's, and certificates for other names are free to have, so \
                 no token goes to {host} (entra-odbc explain trust)"
            ))
            .remedy(trust_remedy(name, "Correct or remove HostnameInCertificate=, or"));
        }
        let also = if self.trust_server_certificate {
            ", and TrustServerCertificate=yes does not change that"
        } else {
            ""
        };
        Error::invalid(format!(
            "{host} is no name of Azure's, and certificates for other names are free to have, so no token goes there \
             (entra-odbc explain trust){also}"
        ))
        .remedy(trust_remedy(
            host,
            "Write the Azure name in Server=, or add HostnameInCertificate=<the Azure name>; or",
        ))
    }

    /// An address alone, for which no certificate can be checked.
    fn nameless(&self) -> Error {
        let host = &self.server.host;
        Error::invalid(format!(
            "{host} is an address, and nothing says which name the certificate there must have, so no token goes there \
             (entra-odbc explain trust)"
        ))
        .remedy(trust_remedy(
            host,
            "Add HostnameInCertificate=<the server's Azure name>, or",
        ))
    }

    /// A token for something other than SQL Server goes to that very host.
    fn check_audience(&self, scope: &str, administrator: &Administrator) -> Result<(), Error> {
        let resource = scope::resource(scope);
        // A blank would begin another scope, for which this says nothing.
        let is_one = !scope.contains(char::is_whitespace);
        let is_audience = |name: &str| is_one && resource.eq_ignore_ascii_case(&format!("https://{name}"));
        let mut names = self.certificate_names().peekable();
        let host = &self.server.host;
        if names.peek().is_some() && names.all(|name| is_audience(name) || administrator.trusts(name)) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "Scope= names something other than SQL Server and other than {host}, so that token does not go there \
             (entra-odbc explain trust)"
        ))
        .remedy(trust_remedy(host, "Remove Scope=, or")))
    }
}

/// What makes a host one of the administrator's, after the other ways out.
fn trust_remedy(host: &str, others: &str) -> String {
    format!(
        "{others}, if that server is yours, run `entra-odbc trust add {host}` (or set ENTRA_ODBC_TRUSTED_SERVERS, or \
         {TRUSTED_SERVERS}= in odbcinst.ini)."
    )
}

#[cfg(test)]
mod tests;
