//! Client certificates and the signed assertions that prove an application's identity to Entra.

mod cost;
mod der;
mod pem;
mod pfx;

use crate::{
    Error, Keyword, Secret, Text, calendar,
    error::text::text,
    parameters::secret_file::{self, failed},
    process::regular_file,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use der::X509;
use ring::{
    digest,
    rand::{SecureRandom as _, SystemRandom},
    signature::{self, KeyPair as _, RsaKeyPair},
};
use serde_json::json;
use std::{
    fmt,
    time::{Duration, SystemTime},
};
use zeroize::Zeroizing;

/// The lifetime of an assertion, which is used at once.
const ASSERTION_LIFETIME: Duration = Duration::from_mins(10);

/// How far the clock of the machine that made a certificate may be ahead of ours.
const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// A certificate with its private key.
///
/// The bytes read from a key file are zeroed; ring 0.17 does not zero its own copy.
pub struct Certificate {
    key: RsaKeyPair,
    /// DER, the certificate of the key first.
    chain: Vec<Vec<u8>>,
    encrypted: bool,
}

/// The unassembled content of a file.
#[derive(Default)]
struct Parts {
    certificates: Vec<Vec<u8>>,
    keys: Vec<PrivateKey>,
    /// Whether a password was needed.
    encrypted: bool,
}

/// A private key as it is written.
enum PrivateKey {
    /// PKCS#8, any algorithm.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// PKCS#1, RSA.
    Pkcs1(Zeroizing<Vec<u8>>),
    /// SEC1, elliptic curves.
    Sec1,
}

impl Certificate {
    /// Reads a PEM or PFX file; the key may be in a PEM file of its own.
    pub fn read(path: &str, password: Option<&Secret>, key_path: Option<&str>) -> Result<Self, Error> {
        let mut parts = parts(path, Keyword::ClientCertificate, password)?;
        if let Some(key_path) = key_path {
            let apart = self::parts(key_path, Keyword::ClientKey, password)?;
            parts.keys = apart.keys;
            parts.encrypted |= apart.encrypted;
            if parts.keys.is_empty() {
                return Err(
                    failed(key_path, Keyword::ClientKey, "there is no private key in it")
                        .remedy("Name the PEM file with the key of the certificate."),
                );
            }
        }
        if parts.certificates.is_empty() {
            return Err(
                failed(path, Keyword::ClientCertificate, "there is no certificate in it")
                    .remedy("Name a PEM or PFX file with the certificate of the application."),
            );
        }
        let key = parts.keys.first().ok_or_else(|| {
            failed(path, Keyword::ClientCertificate, "there is no private key in it")
                .remedy("Name a file with certificate and key, or add ClientKey=... with the key's file.")
        })?;
        let (key_path, keyword) = key_path.map_or((path, Keyword::ClientCertificate), |path| {
            (path, Keyword::ClientKey)
        });
        let key = key.load().map_err(|why| {
            failed(key_path, keyword, why)
                .remedy("Use an RSA key of 2048 bits or more: Entra takes no others.")
        })?;
        let chain = ordered(parts.certificates, &key).ok_or_else(|| {
            failed(
                path,
                Keyword::ClientCertificate,
                "no certificate in it belongs to the key",
            )
            .remedy("Name the certificate and the key that were made together.")
        })?;
        let certificate = Self {
            key,
            chain,
            encrypted: parts.encrypted,
        };
        certificate.check_times(path)?;
        Ok(certificate)
    }

    fn check_times(&self, path: &str) -> Result<(), Error> {
        let (start, end) = X509::parse(self.own())
            .and_then(|certificate| certificate.validity())
            .ok_or_else(|| failed(path, Keyword::ClientCertificate, "its certificate is damaged"))?;
        let now = SystemTime::now();
        let renew = "Renew the certificate and upload the new one to the application.";
        if end <= now {
            let why = format!("the certificate expired {}", calendar::utc(end).date());
            return Err(failed(path, Keyword::ClientCertificate, &why).remedy(renew));
        }
        if start > now + CLOCK_SKEW {
            let why = format!(
                "the certificate is good only from {}",
                calendar::utc(start).date()
            );
            return Err(failed(path, Keyword::ClientCertificate, &why).remedy("Check this machine's clock."));
        }
        Ok(())
    }

    /// Whether its files have a password.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Another one for another certificate: the key goes with it.
    pub fn digest(&self) -> String {
        STANDARD.encode(digest::digest(&digest::SHA256, self.own()))
    }

    /// A fresh assertion for `client` at this endpoint, with the chain in its header if that is asked for.
    ///
    /// PS256 and the thumbprint by SHA-256, as MSAL sends them to Entra.
    /// <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>
    pub fn assertion(&self, client: &str, endpoint: &str, send_chain: bool) -> Result<Secret, Error> {
        let random = SystemRandom::new();
        let failed = || {
            Error::invalid("the assertion cannot be signed with the certificate's key")
                .remedy(text!("Check the key of {}.", ClientCertificate))
        };
        let mut id = [0; 16];
        random.fill(&mut id).map_err(|_| failed())?;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let mut header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256":
            URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.own())) });
        if send_chain && let Some(header) = header.as_object_mut() {
            let chain: Vec<_> = self.chain.iter().map(|one| STANDARD.encode(one)).collect();
            header.insert("x5c".to_owned(), chain.into());
        }
        let claims = json!({
            "aud": endpoint, "iss": client, "sub": client, "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now.as_secs(), "nbf": now.as_secs(), "exp": (now + ASSERTION_LIFETIME).as_secs(),
        });
        let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let mut assertion = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &signature::RSA_PSS_SHA256,
                &random,
                assertion.as_bytes(),
                &mut signature,
            )
            .map_err(|_| failed())?;
        assertion.push('.');
        assertion.push_str(&URL_SAFE_NO_PAD.encode(signature));
        Ok(Secret::new(assertion))
    }

    fn own(&self) -> &[u8] {
        self.chain.first().map_or(&[], Vec::as_slice)
    }
}

/// Reads a file as PEM or PFX, according to its first bytes.
fn parts(path: &str, keyword: Keyword, password: Option<&Secret>) -> Result<Parts, Error> {
    let bytes = secret_file::bytes(path, keyword, regular_file::MAX_CERTIFICATE_LENGTH)?;
    let (found, convert) = if pem::is(&bytes) {
        (pem::parts(&bytes, password), CONVERT_PEM)
    } else {
        (pfx::parts(&bytes, password), CONVERT_PFX)
    };
    found.map_err(|trouble| trouble.error(path, keyword, convert))
}

/// The certificate of the key first, then the one of its issuer, and so on.
///
/// RFC 7515 (4.1.6) wants the header's chain so, and Windows exports it the other way round.
fn ordered(mut certificates: Vec<Vec<u8>>, key: &RsaKeyPair) -> Option<Vec<Vec<u8>>> {
    let public = key.public_key().as_ref();
    let own = certificates
        .iter()
        .position(|certificate| X509::parse(certificate).is_some_and(|x509| x509.public_key() == public))?;
    let mut chain = vec![certificates.swap_remove(own)];
    while let Some(issuer) = chain.last().and_then(|last| X509::parse(last)?.issuer())
        && let Some(next) = certificates
            .iter()
            .position(|certificate| X509::parse(certificate).is_some_and(|x509| x509.subject() == issuer))
    {
        chain.push(certificates.swap_remove(next));
    }
    Some(chain)
}

impl PrivateKey {
    fn load(&self) -> Result<RsaKeyPair, &'static str> {
        let loaded = match self {
            Self::Pkcs8(der) => RsaKeyPair::from_pkcs8(der),
            Self::Pkcs1(der) => RsaKeyPair::from_der(der),
            Self::Sec1 => return Err("its key is one of an elliptic curve"),
        };
        loaded.map_err(|_| match self {
            Self::Pkcs8(der) if der::is_elliptic(der) => "its key is one of an elliptic curve",
            _ => "its key is no RSA key of 2048 bits or more",
        })
    }
}

/// The reasons why the content of a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Damaged,
    NeedsPassword,
    WrongPassword,
    OldEncryption,
    UnknownEncryption,
    /// BER's indefinite lengths, as NSS writes them.
    Indefinite,
    /// More rounds or memory than a key is worth.
    Costly,
}

/// How to have a key encrypted in the usual way.
const CONVERT_PEM: &str = "Convert it: openssl pkcs8 -in old.pem | openssl pkcs8 -topk8 -out key.pem";
/// The same for a PFX file.
const CONVERT_PFX: &str =
    "Convert it: openssl pkcs12 -in old.pfx -nodes | openssl pkcs12 -export -out new.pfx";

impl Trouble {
    fn error(self, path: &str, keyword: Keyword, convert: &str) -> Error {
        let (why, remedy) = match self {
            Self::Damaged => (
                "it is neither a PEM nor a PFX file, or it is damaged",
                "Name a PEM or PFX (PKCS#12) file.".into(),
            ),
            Self::NeedsPassword => (
                "it is encrypted",
                Text::from(text!("Add {}=...", ClientCertificatePassword)),
            ),
            Self::WrongPassword => (
                "the password is wrong",
                text!("Correct {}=.", ClientCertificatePassword).into(),
            ),
            Self::OldEncryption => (
                "its key is encrypted in OpenSSL's old way",
                format!("Convert it: openssl pkcs8 -topk8 -in {path} -out key.pem").into(),
            ),
            Self::UnknownEncryption => ("it is encrypted in a way that is not known here", convert.into()),
            Self::Indefinite => (
                "it is written with indefinite lengths (BER), not as DER",
                convert.into(),
            ),
            Self::Costly => ("its encryption asks for too much time or memory", convert.into()),
        };
        failed(path, keyword, why).remedy(remedy)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("thumbprint", &self.digest())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests;
