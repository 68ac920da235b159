//! Why a TLS handshake failed, in words for people: those of rustls are made for programmers.

use super::{
    pinned::Unpinned,
    roots::{NoRoots, UnknownIssuer, WrongName},
};
use rustls::{AlertDescription, CertificateError};
use std::{error::Error as StdError, fmt};

/// Why a TLS handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsFailure {
    /// No authority could be loaded on this machine.
    NoRoots(NoRoots),
    /// The certificate's authority is not among those of this machine.
    UnknownIssuer(UnknownIssuer),
    /// The certificate is not the one that was named.
    Unpinned,
    /// The certificate is for other names.
    WrongName(WrongName),
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotValidYet,
    /// Something else is wrong with the certificate.
    Certificate(&'static str),
    /// It did not come to a certificate.
    Handshake(&'static str),
}

impl TlsFailure {
    /// The failure in a chain of causes; `None` where TLS is not among them.
    #[must_use]
    pub fn find(error: &(dyn StdError + 'static)) -> Option<Self> {
        if let Some(none) = find::<NoRoots>(error) {
            return Some(Self::NoRoots(none.clone()));
        }
        if let Some(unknown) = find::<UnknownIssuer>(error) {
            return Some(Self::UnknownIssuer(unknown.clone()));
        }
        if find::<Unpinned>(error).is_some() {
            return Some(Self::Unpinned);
        }
        if let Some(wrong) = find::<WrongName>(error) {
            return Some(Self::WrongName(wrong.clone()));
        }
        Some(match find::<rustls::Error>(error)? {
            rustls::Error::InvalidCertificate(reason) => of_certificate(reason),
            rustls::Error::NoCertificatesPresented => Self::Handshake("it shows no certificate"),
            rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. } => {
                Self::Handshake("what answers there does not speak TLS")
            }
            rustls::Error::PeerIncompatible(_) => Self::Handshake(
                "it speaks no version or cipher of TLS that is accepted here (1.2 and 1.3 are)",
            ),
            rustls::Error::AlertReceived(alert) => Self::Handshake(of_alert(*alert)),
            _ => Self::Handshake("the handshake went wrong"),
        })
    }

    /// Whether it is about the certificate.
    #[must_use]
    pub fn is_of_certificate(&self) -> bool {
        !matches!(self, Self::Handshake(_) | Self::NoRoots(_))
    }
}

/// The reason as a clause about the certificate, or about whoever answers.
impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoots(none) => none.fmt(f),
            Self::UnknownIssuer(unknown) => unknown.fmt(f),
            Self::Unpinned => Unpinned.fmt(f),
            Self::WrongName(wrong) => wrong.fmt(f),
            Self::Expired => f.write_str("it has expired"),
            Self::NotValidYet => f.write_str("it is not valid yet"),
            Self::Certificate(why) | Self::Handshake(why) => f.write_str(why),
        }
    }
}

fn of_certificate(reason: &CertificateError) -> TlsFailure {
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailure::NotValidYet
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::WrongName(WrongName::default())
        }
        // The machine's authorities have an error of their own: others were given for this endpoint.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            TlsFailure::Certificate("its issuer is not among the CA certificates for it")
        }
        CertificateError::BadEncoding => TlsFailure::Certificate("it cannot be read"),
        CertificateError::Revoked => TlsFailure::Certificate("it was revoked"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            TlsFailure::Certificate("it is not one for servers")
        }
        CertificateError::ApplicationVerificationFailure => {
            TlsFailure::Certificate("it is not the one that was named")
        }
        CertificateError::UnhandledCriticalExtension => {
            TlsFailure::Certificate("it demands something that is not known here")
        }
        _ => TlsFailure::Certificate("its signature or algorithm is not accepted here"),
    }
}

fn of_alert(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "it accepts no cipher of TLS that is offered here"
        }
        AlertDescription::ProtocolVersion => "it accepts neither TLS 1.2 nor TLS 1.3",
        AlertDescription::UnrecognisedName => "it has no certificate for that name",
        AlertDescription::CertificateRequired => "it demands a certificate of the client's",
        _ => "it broke the handshake off",
    }
}

/// The first error of this type in the chain of causes.
///
/// `io::Error` leaves out the error it wraps when asked for its source, so that one is looked into.
pub(super) fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    if let Some(found) = error.downcast_ref::<T>() {
        return Some(found);
    }
    if let Some(
        rustls::Error::Other(other) | rustls::Error::InvalidCertificate(CertificateError::Other(other)),
    ) = error.downcast_ref()
    {
        return find(&*other.0);
    }
    let wrapped = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
        .and_then(|wrapped| find(wrapped));
    wrapped.or_else(|| find(error.source()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::UnixTime;
    use std::io;

    #[test]
    fn no_words_of_rustls_reach_a_message() {
        let invalid = |reason| rustls::Error::InvalidCertificate(reason);
        let time = UnixTime::now();
        for error in [
            invalid(CertificateError::ExpiredContext {
                time,
                not_after: time,
            }),
            invalid(CertificateError::NotValidYetContext {
                time,
                not_before: time,
            }),
            invalid(CertificateError::NotValidForName),
            invalid(CertificateError::UnknownIssuer),
            invalid(CertificateError::ExpiredRevocationListContext {
                time,
                next_update: time,
            }),
            rustls::Error::AlertReceived(AlertDescription::HandshakeFailure),
            rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType),
            rustls::Error::General("Whatever { it: is }".to_owned()),
        ] {
            let own = error.to_string();
            let said = TlsFailure::find(&io::Error::other(error)).unwrap().to_string();
            assert!(
                !said.contains(['{', '(']) || said.contains("(1.2 and 1.3 are)"),
                "{said}"
            );
            for word in ["verification time", "Context", "UNIX", "HandshakeFailure"] {
                assert!(!said.contains(word), "{own}: {said}");
            }
        }
        assert_eq!(TlsFailure::find(&io::Error::other("no TLS")), None);
    }
}
