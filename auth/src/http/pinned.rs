//! Checks of a server's certificate by something else than who signed it for which host.

use super::roots::Verifier;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{fmt, sync::Arc};

/// The SHA-1 of a certificate, by which Service Fabric names the one of its token service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    /// Reads forty hexadecimal digits; blanks and colons between them, as the tools of some platforms
    /// show them, do no harm.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| !matches!(c, ' ' | ':'))
            .map(|c| u8::try_from(c.to_digit(16)?).ok())
            .collect();
        let bytes: Vec<u8> = digits?
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect();
        // An odd digit would be a byte of its own.
        let odd = text.chars().filter(char::is_ascii_hexdigit).count() != 2 * bytes.len();
        bytes.try_into().ok().filter(|_| !odd).map(Self)
    }

    fn matches(self, certificate: &CertificateDer<'_>) -> bool {
        digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref() == self.0
    }
}

/// The server has another certificate than the one that was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpinned;

impl fmt::Display for Unpinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not the one whose thumbprint was named")
    }
}

impl std::error::Error for Unpinned {}

/// What makes a certificate the right one.
#[derive(Debug)]
pub enum Rule {
    /// It is good for one of these names, whatever the host is called.
    Names(Verifier, Vec<ServerName<'static>>),
    /// It is this one, whoever signed it.
    Exactly(CertificateDer<'static>),
    /// It has this thumbprint, whoever signed it.
    Thumbprint(Thumbprint),
    /// Any will do.
    Any,
}

/// The check of TLS by such a rule. That the server has the key to its certificate is checked always.
#[derive(Debug)]
pub struct Special {
    rule: Rule,
    provider: Arc<CryptoProvider>,
}

impl Special {
    /// A check by this rule.
    #[must_use]
    pub fn new(rule: Rule, provider: Arc<CryptoProvider>) -> Self {
        Self { rule, provider }
    }
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
            Rule::Names(verifier, names) => {
                let mut answer = Err(CertificateError::NotValidForName.into());
                for name in names {
                    answer = verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
                    if answer.is_ok() {
                        break;
                    }
                }
                answer
            }
            Rule::Exactly(known) if known.as_ref() != end_entity.as_ref() => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            Rule::Thumbprint(known) if !known.matches(end_entity) => {
                Err(CertificateError::Other(OtherError(Arc::new(Unpinned))).into())
            }
            Rule::Exactly(_) | Rule::Thumbprint(_) | Rule::Any => Ok(ServerCertVerified::assertion()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbprint_is_read_however_the_platform_shows_it() {
        let plain = Thumbprint::parse("a9993e364706816aba3e25717850c26c9cd0d89d").unwrap();
        assert!(plain.matches(&CertificateDer::from(b"abc".as_slice())));
        assert!(!plain.matches(&CertificateDer::from(b"abd".as_slice())));
        for other in [
            "A9993E364706816ABA3E25717850C26C9CD0D89D",
            "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D",
            " a9993e36 4706816a ba3e2571 7850c26c 9cd0d89d ",
        ] {
            assert_eq!(Thumbprint::parse(other), Some(plain), "{other}");
        }
        for bad in [
            "",
            "a9993e",
            "a9993e364706816aba3e25717850c26c9cd0d89",
            "a9993e364706816aba3e25717850c26c9cd0d89d0",
            "a9993e364706816aba3e25717850c26c9cd0d89x",
            "a9993e364706816aba3e25717850c26c9cd0d89d9d",
        ] {
            assert_eq!(Thumbprint::parse(bad), None, "{bad}");
        }
    }
}
