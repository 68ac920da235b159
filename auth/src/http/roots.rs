//! Which certificate authorities are trusted: loaded when first needed, and no more than needed.
//!
//! On a stock Debian the bundle takes 0.75 ms to load and the directory beside it 2.5 ms more, for
//! the same certificates. So the bundle is read at the first handshake, and the directory only when
//! the bundle does not know the issuer.

use crate::{
    Environment, os,
    process::regular_file::{self, MAX_BUNDLE_LENGTH, MAX_CERTIFICATE_LENGTH, Refusal},
};
use once_cell::race::OnceBox;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tracing::debug;

/// How many files of a directory are looked at; Debian has some 400, each authority twice.
const MAX_DIRECTORY_ENTRIES: usize = 10_000;

/// Checks a server's certificate against the machine's authorities.
#[derive(Debug)]
pub struct Verifier {
    provider: Arc<CryptoProvider>,
    places: Places,
    // Cells without a lock: see identity.rs. In the worst case two threads read the same file.
    bundle: OnceBox<Loaded>,
    everything: OnceBox<Loaded>,
}

/// Where authorities are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    bundle: Option<PathBuf>,
    directories: Vec<PathBuf>,
    /// The store of the system, where that is not files.
    store: Option<os::RootStore>,
}

type Loaded = Result<Arc<WebPkiServerVerifier>, NoRoots>;

/// No authority could be loaded; says where they were looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoots(String);

impl fmt::Display for NoRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no CA certificate could be loaded from {}", self.0)
    }
}

impl std::error::Error for NoRoots {}

/// The chain ends in an authority that is not among ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownIssuer {
    /// The name of that authority, where it has one.
    pub issuer: Option<String>,
    /// Where ours came from.
    pub places: Places,
}

impl fmt::Display for UnknownIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = self.issuer.as_deref().unwrap_or("unnamed");
        write!(
            f,
            "its issuer ({issuer}) is not among the authorities of {}",
            self.places
        )
    }
}

impl std::error::Error for UnknownIssuer {}

/// The certificate is for other names than the one that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrongName {
    /// The names that it is for, as it has them; empty where it has none that can be read.
    pub names: Vec<String>,
}

impl WrongName {
    /// How many of the names are shown.
    const MAX_SHOWN_NAMES: usize = 3;

    fn of(certificate: &CertificateDer<'_>) -> Self {
        let names = webpki::EndEntityCert::try_from(certificate)
            .map(|certificate| certificate.valid_dns_names().map(str::to_owned).collect());
        Self {
            names: names.unwrap_or_default(),
        }
    }
}

impl fmt::Display for WrongName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is for another host")?;
        for (number, name) in self.names.iter().take(Self::MAX_SHOWN_NAMES).enumerate() {
            write!(f, "{}{name}", if number == 0 { ": " } else { ", " })?;
        }
        match self.names.len().saturating_sub(Self::MAX_SHOWN_NAMES) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl std::error::Error for WrongName {}

impl Places {
    /// The file that is read first.
    #[must_use]
    pub fn bundle(&self) -> Option<&Path> {
        self.bundle.as_deref()
    }

    /// How many there are in the system's store, or why that cannot be read; `None` where files take its place.
    #[must_use]
    pub fn count_in_store(&self) -> Option<Result<usize, String>> {
        let store = self.store?;
        Some((store.load)().map(|certificates| certificates.len()))
    }

    /// What `SSL_CERT_FILE` and `SSL_CERT_DIR` say, as OpenSSL reads them; else the system's.
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Self {
        let bundle = environment.get("SSL_CERT_FILE").map(PathBuf::from);
        let directories = environment.get("SSL_CERT_DIR").map(|list| {
            std::env::split_paths(&list)
                .filter(|directory| !directory.as_os_str().is_empty())
                .collect()
        });
        let existing = || {
            os::ROOTS
                .bundles
                .iter()
                .map(PathBuf::from)
                .find(|path| path.is_file())
        };
        Self {
            store: os::ROOTS
                .store
                .filter(|_| bundle.is_none() && directories.is_none()),
            directories: directories.unwrap_or_else(|| {
                // A file that is named replaces the system's authorities, all of them.
                match bundle {
                    Some(_) => Vec::new(),
                    None => os::ROOTS.directories.iter().map(PathBuf::from).collect(),
                }
            }),
            bundle: bundle.or_else(existing),
        }
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.bundle.iter().chain(&self.directories);
        let store = self.store.iter().map(|store| Path::new(store.name));
        let mut places = store.chain(files.map(PathBuf::as_path)).peekable();
        if places.peek().is_none() {
            return f.write_str("the system's usual places");
        }
        while let Some(place) = places.next() {
            write!(f, "{}", place.display())?;
            if places.peek().is_some() {
                f.write_str(", ")?;
            }
        }
        Ok(())
    }
}

impl Verifier {
    /// A verifier that reads nothing yet.
    #[must_use]
    pub fn new(environment: &Environment, provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            places: Places::from_environment(environment),
            bundle: OnceBox::new(),
            everything: OnceBox::new(),
        }
    }

    /// The certificates of the bundle.
    fn bundle(&self) -> &Loaded {
        self.bundle.get_or_init(|| {
            let (store, trouble) = self.load_bundle();
            Box::new(self.verifier(store, trouble))
        })
    }

    /// Those of the bundle and the directories.
    fn everything(&self) -> &Loaded {
        self.everything.get_or_init(|| {
            let (mut store, trouble) = self.load_bundle();
            for directory in &self.places.directories {
                add_directory(&mut store, directory);
            }
            Box::new(self.verifier(store, trouble))
        })
    }

    /// What the bundle and the system's store hold, and why one of them could not be read.
    fn load_bundle(&self) -> (RootCertStore, Option<String>) {
        let mut store = RootCertStore::empty();
        let bundle = self.places.bundle.as_deref();
        let mut trouble =
            bundle.and_then(|path| Some(add_file(&mut store, path, MAX_BUNDLE_LENGTH).err()?.to_string()));
        if let Some(system) = self.places.store {
            match (system.load)() {
                Ok(certificates) => {
                    store.add_parsable_certificates(certificates);
                }
                Err(why) => trouble = Some(why),
            }
        }
        (store, trouble)
    }

    fn verifier(&self, store: RootCertStore, trouble: Option<String>) -> Loaded {
        debug!(target: "entra_odbc", event = "roots_loaded", certificates = store.len(), places = %self.places);
        if store.is_empty() {
            let why = trouble.map_or_else(String::new, |why| format!(": {why}"));
            return Err(NoRoots(format!("{}{why}", self.places)));
        }
        WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&self.provider))
            .build()
            .map_err(|error| NoRoots(format!("{}: {error}", self.places)))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verify = |verifier: &Arc<WebPkiServerVerifier>| {
            verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map_err(|error| match error {
                    Error::InvalidCertificate(
                        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                    ) => {
                        let wrong = OtherError(Arc::new(WrongName::of(end_entity)));
                        Error::InvalidCertificate(CertificateError::Other(wrong))
                    }
                    error => error,
                })
        };
        if let Ok(bundle) = self.bundle() {
            match verify(bundle) {
                Err(error) if is_unknown(&error) => {}
                decided => return decided,
            }
        }
        let everything = match self.everything() {
            Ok(everything) => everything,
            Err(none) => return Err(Error::Other(OtherError(Arc::new(none.clone())))),
        };
        verify(everything).map_err(|error| {
            if !is_unknown(&error) {
                return error;
            }
            let unknown = UnknownIssuer {
                issuer: issuer(intermediates.last().unwrap_or(end_entity)),
                places: self.places.clone(),
            };
            Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(unknown))))
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Whether an authority is missing; a bad signature is how webpki puts it where one of ours has the
/// right name but, since it was renewed or replaced, another key.
fn is_unknown(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
    )
}

/// The common name of a certificate's issuer, for a message.
fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    /// The object identifier 2.5.4.3 in DER.
    const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let name = certificate.issuer();
    let at = name
        .windows(COMMON_NAME.len())
        .position(|window| window == COMMON_NAME)?;
    // A string: its type, its length in one byte, its text.
    let [_, length, text @ ..] = name.get(at + COMMON_NAME.len()..)? else {
        return None;
    };
    let text = std::str::from_utf8(text.get(..usize::from(*length))?).ok()?;
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// Adds what is in a file; a bundle may well have a certificate in it that webpki does not take. Returns its length.
fn add_file(store: &mut RootCertStore, path: &Path, limit: usize) -> Result<usize, Refusal> {
    let bytes = regular_file::read(path, limit).inspect_err(|error| {
        debug!(target: "entra_odbc", event = "roots_unreadable", path = %path.display(), %error);
    })?;
    let certificates = CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok);
    store.add_parsable_certificates(certificates);
    Ok(bytes.len())
}

/// Adds those of a directory, up to what a bundle may hold: what else is in it may be anything.
fn add_directory(store: &mut RootCertStore, directory: &Path) {
    let Ok(files) = std::fs::read_dir(directory) else {
        return;
    };
    let mut left = MAX_BUNDLE_LENGTH;
    for file in files.take(MAX_DIRECTORY_ENTRIES).filter_map(Result::ok) {
        let length = add_file(store, &file.path(), left.min(MAX_CERTIFICATE_LENGTH)).unwrap_or_default();
        left = left.saturating_sub(length);
    }
}

#[cfg(test)]
mod tests;
