//! Assertions that a certificate's key signed: one registered with the application, or one of a trusted authority.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rustls::pki_types::{CertificateDer, UnixTime};
use serde_json::Value;
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::assertion::signed_by;
use crate::entra::directory::{App, TrustedSubject};
use crate::entra::refusal::Refusal;
use crate::jwt::Jwt;

const NOT_FOUND: &str = "The key was not found.";
const NOT_VERIFIED: &str = "Key was found, but use of the key to verify the signature failed.";
const OUT_OF_TIME: &str = "The key used is expired.";

/// Finds the certificate that the header names and checks its signature.
pub(super) fn check(app: &App, assertion: &Jwt) -> Result<(), Refusal> {
    let named = Named::in_header(assertion);
    let refuse = |reason| {
        Err(Refusal::assertion_signature(
            reason,
            &named.shown(),
            &app.client_id,
        ))
    };
    let registered = app.certificates.iter().find(|certificate| named.is(certificate));
    let certificate = match registered {
        Some(certificate) => certificate,
        // Subject name and issuer: the certificate comes along and is believed for who issued it.
        None => match named.chain.first() {
            Some(first) if app.trusted_subjects.iter().any(|trust| named.fits(trust)) => first,
            None if named.nothing() => return Err(Refusal::no_thumbprint()),
            _ => return refuse(NOT_FOUND),
        },
    };
    match signed_by(assertion, certificate) {
        None => return Err(Refusal::unsupported_key()),
        Some(false) => return refuse(NOT_VERIFIED),
        Some(true) => {}
    }
    if in_time(certificate) {
        Ok(())
    } else {
        refuse(OUT_OF_TIME)
    }
}

/// How a header names its certificate.
struct Named<'a> {
    sha1: Option<&'a str>,
    sha256: Option<&'a str>,
    key_id: Option<&'a str>,
    chain: Vec<Vec<u8>>,
}

impl<'a> Named<'a> {
    fn in_header(assertion: &'a Jwt) -> Self {
        let header = &assertion.header;
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let chain = header.get("x5c").and_then(Value::as_array);
        Self {
            sha1: text("x5t"),
            sha256: text("x5t#S256"),
            key_id: text("kid"),
            chain: chain
                .into_iter()
                .flatten()
                .filter_map(|one| BASE64_STANDARD.decode(one.as_str()?).ok())
                .collect(),
        }
    }

    fn nothing(&self) -> bool {
        self.sha1.is_none() && self.sha256.is_none() && self.key_id.is_none()
    }

    /// Every thumbprint that is there must be this certificate's.
    fn is(&self, certificate: &[u8]) -> bool {
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate);
        let sha256 = digest(&SHA256, certificate);
        let fits = |named: Option<&str>, print: &[u8]| {
            named.is_none_or(|named| named == BASE64_URL_SAFE_NO_PAD.encode(print))
        };
        let key_id = self
            .key_id
            .is_none_or(|id| id.eq_ignore_ascii_case(&hexadecimal(sha1.as_ref())));
        !self.nothing() && fits(self.sha1, sha1.as_ref()) && fits(self.sha256, sha256.as_ref()) && key_id
    }

    /// Whether the chain that came along leads from this subject to this authority.
    fn fits(&self, trust: &TrustedSubject) -> bool {
        let Some((first, others)) = self.chain.split_first() else {
            return false;
        };
        let (first, root) = (
            CertificateDer::from(first.as_slice()),
            CertificateDer::from(trust.authority.as_slice()),
        );
        let between: Vec<_> = others
            .iter()
            .map(|one| CertificateDer::from(one.as_slice()))
            .collect();
        let (Ok(certificate), Ok(anchor)) =
            (EndEntityCert::try_from(&first), anchor_from_trusted_cert(&root))
        else {
            return false;
        };
        let anchors = [anchor];
        let path = certificate.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &between,
            UnixTime::since_unix_epoch(now()),
            KeyUsage::client_auth(),
            None,
            None,
        );
        path.is_ok()
            && certificate
                .valid_dns_names()
                .any(|name| name == trust.subject_name)
    }

    /// The thumbprint as Entra's messages show it.
    fn shown(&self) -> String {
        let named = self.sha1.or(self.sha256).unwrap_or_default();
        BASE64_URL_SAFE_NO_PAD
            .decode(named)
            .map(|bytes| hexadecimal(&bytes))
            .unwrap_or_default()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A String takes whatever is written to it.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

fn now() -> Duration {
    let seconds = OffsetDateTime::now_utc().unix_timestamp();
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

/// A certificate that ended is as good as none.
fn in_time(certificate: &[u8]) -> bool {
    let der = CertificateDer::from(certificate);
    let (Ok(certificate), Ok(anchor)) = (EndEntityCert::try_from(&der), anchor_from_trusted_cert(&der))
    else {
        return false;
    };
    let anchors = [anchor];
    let path = certificate.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &[],
        UnixTime::since_unix_epoch(now()),
        KeyUsage::client_auth(),
        None,
        None,
    );
    !matches!(
        path,
        Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. })
    )
}
