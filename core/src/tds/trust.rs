//! Whose certificate will do for the probe: the same as for the driver.

use entra_auth::{
    Environment, Error, ValueName,
    http::{
        pinned::{Rule, Special},
        roots::Verifier,
    },
    parameters::secret_file::{bytes, failed},
    process::regular_file::MAX_CERTIFICATE_LENGTH,
};
use rustls::{
    client::danger::ServerCertVerifier,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use std::{io, sync::Arc};

/// What the string says of the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Trust {
    /// One that an authority of this machine signed, for one of these names.
    Authorities {
        /// The host's, where it is none of an address, and `HostnameInCertificate=`.
        names: Vec<String>,
    },
    /// The one in this file (`ServerCertificate=`), and no other.
    File(String),
    /// Any (`TrustServerCertificate=yes`, where that is allowed).
    Any,
}

impl Trust {
    /// The check that TLS makes.
    pub fn verifier(
        &self,
        environment: &Environment,
        provider: &Arc<CryptoProvider>,
    ) -> io::Result<Arc<dyn ServerCertVerifier>> {
        let rule = match self {
            Self::Authorities { names } => Rule::Names(
                Verifier::new(environment, Arc::clone(provider)),
                names
                    .iter()
                    // A pattern stands for the hosts that it fits; any of them will do for the check.
                    .map(|name| ServerName::try_from(name.replace('*', "any")).map_err(io::Error::other))
                    .collect::<io::Result<_>>()?,
            ),
            Self::File(path) => Rule::Exactly(certificate(path).map_err(io::Error::other)?),
            Self::Any => Rule::Any,
        };
        Ok(Arc::new(Special::new(rule, Arc::clone(provider))))
    }
}

/// The first certificate in the PEM file of `ServerCertificate=`, which the string chooses.
fn certificate(path: &str) -> Result<CertificateDer<'static>, Error> {
    const KEYWORD: ValueName = ValueName::Other("ServerCertificate");
    CertificateDer::from_pem_slice(&bytes(path, KEYWORD, MAX_CERTIFICATE_LENGTH)?).map_err(|_| {
        failed(path, KEYWORD, "there is no certificate in it")
            .remedy("Name the PEM file with the certificate of the server.")
    })
}
