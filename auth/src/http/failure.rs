//! What a failed exchange means, dug out of the layers that report it.

use super::{
    pinned::Unpinned,
    roots::{NoRoots, UnknownIssuer},
};
use crate::{Error, ErrorKind};
use rustls::CertificateError;
use std::error::Error as StdError;

/// The error for an exchange that got no answer, and whether another try may help.
#[must_use]
pub fn classify(error: &(dyn StdError + 'static), host: &str) -> (Error, bool) {
    let unreachable = |what: String| Error::new(ErrorKind::Unreachable, what);
    if let Some(none) = find::<NoRoots>(error) {
        let error = unreachable(format!("the certificate of {host} cannot be checked: {none}")).remedy(
            "Install the ca-certificates package, or set SSL_CERT_FILE to a PEM file of CA certificates.",
        );
        return (error, false);
    }
    if let Some(unknown) = find::<UnknownIssuer>(error) {
        let error = unreachable(format!("the certificate of {host} is not trusted: {unknown}")).remedy(
            "If a proxy inspects TLS here, add its CA certificate to the system, or name a PEM file with it in \
             SSL_CERT_FILE.",
        );
        return (error, false);
    }
    if let Some(unpinned) = find::<Unpinned>(error) {
        let error = unreachable(format!("the certificate of {host} is not trusted: {unpinned}"))
            .remedy("Check that nothing else answers there; restart this process if the certificate is new.");
        return (error, false);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return match tls {
            rustls::Error::InvalidCertificate(reason) => (untrusted(reason, host), false),
            other => (
                unreachable(format!("TLS with {host} failed: {other}"))
                    .remedy("Check that a TLS server is there, and proxies in between."),
                false,
            ),
        };
    }
    let cause = deepest(error);
    let error = unreachable(format!("{host} cannot be reached: {cause}"))
        .remedy("Check the network, the name server, and HTTPS_PROXY and NO_PROXY.");
    (error, true)
}

fn untrusted(reason: &CertificateError, host: &str) -> Error {
    let (why, remedy) = match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("it has expired".to_owned(), "Check this machine's clock.")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("it is not valid yet".to_owned(), "Check this machine's clock.")
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            "it is for another host".to_owned(),
            "Check the Authority, and proxies in between.",
        ),
        // The machine's authorities have an error of their own: these were given for this endpoint.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            "its issuer is not among the CA certificates for it".to_owned(),
            "Check those certificates.",
        ),
        other => (other.to_string(), "Check proxies in between."),
    };
    Error::new(
        ErrorKind::Unreachable,
        format!("the certificate of {host} is not trusted: {why}"),
    )
    .remedy(remedy)
}

/// The first error of this type in the chain of causes.
///
/// `io::Error` leaves out the error it wraps when asked for its source, so that one is looked into.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
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

/// The last cause, which says most: "Connection refused (os error 111)".
fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
