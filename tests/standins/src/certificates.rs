//! A certificate authority of the test's own, and the TLS configurations that servers under it present.
//!
//! Keys are ECDSA P-256, quick to make and known to every client at hand: rustls, OpenSSL in Driver 18, Python's `ssl`.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ConfigBuilder, ServerConfig, WantsVerifier};
use time::{Duration, OffsetDateTime};

/// A certificate authority that exists as long as the test does.
///
/// Its PEM goes to clients as their root, its configurations to servers. Names may be DNS names or IP addresses. ALPN
/// is left to the caller, who may clone a configuration and change it.
pub struct CertificateAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
}

impl CertificateAuthority {
    /// Makes a new authority with a key of its own.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "entra-odbc");
        params
            .distinguished_name
            .push(DnType::CommonName, "entra-odbc stand-ins CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (params.not_before, params.not_after) = around_now();
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("a CA certificate");
        let pem = issuer.pem();
        Self { issuer, pem }
    }

    /// The authority's certificate, as a client wants it for its roots.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server configuration with a certificate for these names that every client under this authority accepts.
    #[must_use]
    pub fn server_config(&self, names: &[&str]) -> Arc<ServerConfig> {
        let (not_before, not_after) = around_now();
        self.signed(names, not_before, not_after)
    }

    /// As [`server_config`](Self::server_config), but the certificate ended yesterday.
    #[must_use]
    pub fn expired_server_config(&self, names: &[&str]) -> Arc<ServerConfig> {
        let now = OffsetDateTime::now_utc();
        self.signed(names, now - Duration::days(30), now - Duration::days(1))
    }

    /// As [`server_config`](Self::server_config), but the certificate begins tomorrow.
    #[must_use]
    pub fn early_server_config(&self, names: &[&str]) -> Arc<ServerConfig> {
        let now = OffsetDateTime::now_utc();
        self.signed(names, now + Duration::days(1), now + Duration::days(30))
    }

    /// A server configuration whose certificate no authority vouches for.
    #[must_use]
    pub fn self_signed_server_config(names: &[&str]) -> Arc<ServerConfig> {
        Self::self_signed(names).0
    }

    /// The same, and the certificate (DER) for clients that know it otherwise.
    #[must_use]
    pub fn self_signed(names: &[&str]) -> (Arc<ServerConfig>, Vec<u8>) {
        let (not_before, not_after) = around_now();
        let key = key();
        let certificate = leaf(names, not_before, not_after)
            .self_signed(&key)
            .expect("a self-signed certificate");
        let der = certificate.der().to_vec();
        (config(vec![certificate.into()], &key), der)
    }

    /// A certificate (PEM) for this key (PKCS #8, PEM) that ended yesterday. Since 3.4, OpenSSL's tool makes no such one.
    #[must_use]
    pub fn expired_self_signed(key: &str) -> String {
        let key = KeyPair::from_pem(key).expect("a key in PKCS #8");
        let now = OffsetDateTime::now_utc();
        let certificate = leaf(&[], now - Duration::days(30), now - Duration::days(1)).self_signed(&key);
        certificate.expect("a self-signed certificate").pem()
    }

    /// A server configuration with a certificate made for whichever name the client asks for (SNI), as anyone gets one
    /// for names of their own; where `own` refuses the name, or there is none, for `others` alone.
    #[must_use]
    pub fn server_config_for_asked_names(
        self: &Arc<Self>,
        own: impl Fn(&str) -> bool + Send + Sync + 'static,
        others: &[&str],
    ) -> Arc<ServerConfig> {
        let resolver = MadeWhenAsked {
            authority: Arc::clone(self),
            own: Box::new(own),
            others: others.iter().map(ToString::to_string).collect(),
            made: Mutex::default(),
        };
        let config = builder()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        Arc::new(config)
    }

    fn signed(
        &self,
        names: &[&str],
        not_before: OffsetDateTime,
        not_after: OffsetDateTime,
    ) -> Arc<ServerConfig> {
        let (chain, key) = self.leaf(names, not_before, not_after);
        config(chain, &key)
    }

    fn leaf(
        &self,
        names: &[&str],
        not_before: OffsetDateTime,
        not_after: OffsetDateTime,
    ) -> (Vec<CertificateDer<'static>>, KeyPair) {
        let key = key();
        let certificate = leaf(names, not_before, not_after)
            .signed_by(&key, &self.issuer)
            .expect("a certificate");
        (vec![certificate.into()], key)
    }
}

/// Certificates for names that clients ask for, each made once.
struct MadeWhenAsked {
    authority: Arc<CertificateAuthority>,
    own: Box<dyn Fn(&str) -> bool + Send + Sync>,
    others: Vec<String>,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for MadeWhenAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeWhenAsked").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for MadeWhenAsked {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello
            .server_name()
            .filter(|name| (self.own)(name))
            .unwrap_or_default();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let certified = made.entry(asked.to_owned()).or_insert_with(|| {
            let names = [asked].into_iter().filter(|name| !name.is_empty());
            let names: Vec<&str> = names.chain(self.others.iter().map(String::as_str)).collect();
            let (not_before, not_after) = around_now();
            let (chain, key) = self.authority.leaf(&names, not_before, not_after);
            let key =
                rustls::crypto::ring::sign::any_supported_type(&private(&key)).expect("a key that signs");
            Arc::new(CertifiedKey::new(chain, key))
        });
        Some(Arc::clone(certified))
    }
}

impl Default for CertificateAuthority {
    fn default() -> Self {
        Self::new()
    }
}

fn leaf(names: &[&str], not_before: OffsetDateTime, not_after: OffsetDateTime) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names.clone()).expect("DNS names or IP addresses");
    params.distinguished_name.push(
        DnType::CommonName,
        names.first().map_or("stand-in", String::as_str),
    );
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python 3.13 and OpenSSL in strict mode refuse a certificate without it.
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (not_before, not_after);
    params
}

/// From yesterday, for clocks that differ, to in a month: long enough for a playground that is left running.
fn around_now() -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    (now - Duration::days(1), now + Duration::days(30))
}

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a P-256 key")
}

fn config(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Arc<ServerConfig> {
    let config = builder()
        .with_no_client_auth()
        .with_single_cert(chain, private(key))
        .expect("a key that fits its certificate");
    Arc::new(config)
}

fn private(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))
}

fn builder() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring does TLS 1.2 and 1.3")
}
