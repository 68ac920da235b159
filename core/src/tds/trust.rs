//! Whose certificate will do for the probe: the same as for the driver.

use crate::{Environment, transport::roots::Verifier};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use std::{io, sync::Arc};

/// What the string says of the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// One that an authority of this machine signed, for the host or, where it is said, for this name.
    Authorities {
        /// `HostnameInCertificate=`.
        name: Option<String>,
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
            Self::Authorities { name: None } => {
                return Ok(Arc::new(Verifier::new(environment, Arc::clone(provider))));
            }
            Self::Authorities { name: Some(name) } => Rule::Name(
                Verifier::new(environment, Arc::clone(provider)),
                // A pattern stands for the hosts that it fits; any of them will do for the check.
                ServerName::try_from(name.replace('*', "any")).map_err(io::Error::other)?,
            ),
            Self::File(path) => Rule::Exactly(CertificateDer::from_pem_file(path).map_err(io::Error::other)?),
            Self::Any => Rule::Any,
        };
        Ok(Arc::new(Special {
            rule,
            provider: Arc::clone(provider),
        }))
    }
}

/// A check that is not the usual one.
#[derive(Debug)]
struct Special {
    rule: Rule,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
enum Rule {
    Name(Verifier, ServerName<'static>),
    Exactly(CertificateDer<'static>),
    Any,
}

impl ServerCertVerifier for Special {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.rule {
            Rule::Name(verifier, name) => {
                verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
            }
            Rule::Exactly(known) if known.as_ref() != end_entity.as_ref() => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Rule::Exactly(_) | Rule::Any => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
