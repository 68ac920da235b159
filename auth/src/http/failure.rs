//! What a failed exchange means, dug out of the layers that report it.

use super::tls_failure::{TlsFailure, find};
use crate::{Error, ErrorKind};
use std::{error::Error as StdError, io};

/// The error for an exchange that got no answer, and whether another try may help.
#[must_use]
pub fn classify(error: &(dyn StdError + 'static), host: &str) -> (Error, bool) {
    let unreachable = |what: String| Error::new(ErrorKind::Unreachable, what);
    if let Some(failure) = TlsFailure::find(error) {
        let what = match &failure {
            TlsFailure::NoRoots(_) => format!("the certificate of {host} cannot be checked: {failure}"),
            TlsFailure::Handshake(_) => format!("TLS with {host} failed: {failure}"),
            _ => format!("the certificate of {host} is not trusted: {failure}"),
        };
        return (unreachable(what).remedy(tls_remedy(&failure)), false);
    }
    let cause = deepest(error);
    // All failures of sockets are `io::Error`s: what failed to connect without one is the proxy's refusal.
    let is_connect = |error: &reqwest::Error| error.is_connect() && !error.is_timeout();
    if find(error).is_some_and(is_connect) && find::<io::Error>(error).is_none() {
        let error = unreachable(format!("the proxy does not connect to {host}: {cause}")).remedy(
            "Where it wants a sign-in (407), write that into HTTPS_PROXY (http://user:password@proxy:3128); where it \
             forbids the host (403), have that allowed, or add the host to NO_PROXY.",
        );
        return (error, false);
    }
    let error = unreachable(format!("{host} cannot be reached: {cause}"))
        .remedy("Check the network, the name server, and HTTPS_PROXY and NO_PROXY.");
    (error, true)
}

fn tls_remedy(failure: &TlsFailure) -> &'static str {
    match failure {
        TlsFailure::NoRoots(_) => {
            "Install the ca-certificates package, or set SSL_CERT_FILE to a PEM file of CA certificates."
        }
        TlsFailure::UnknownIssuer(_) => {
            "If a proxy inspects TLS here, add its CA certificate to the system, or name a PEM file with it in \
             SSL_CERT_FILE."
        }
        TlsFailure::Unpinned => {
            "Check that nothing else answers there; restart this process if the certificate is new."
        }
        TlsFailure::Expired | TlsFailure::NotValidYet => "Check this machine's clock.",
        TlsFailure::WrongName(_) => "Check the Authority, and proxies in between.",
        TlsFailure::Certificate(_) => "Check proxies in between.",
        TlsFailure::Handshake(_) => "Check that a TLS server is there, and proxies in between.",
    }
}

/// The last cause, which says most: "Connection refused (os error 111)".
fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
