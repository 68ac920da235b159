//! What the tests of this crate share: one tenant and a client that trusts its authority.

use std::sync::{Arc, LazyLock};

use reqwest::blocking::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::entra::{App, Directory, Tenant};
use crate::jwt::Issuer;

pub(crate) const TENANT: &str = "8b2c6f0e-3c44-4a52-9d0a-5f0e1f6d7a10";
pub(crate) const DOMAIN: &str = "contoso.onmicrosoft.com";
pub(crate) const CLIENT: &str = "1d0f6a3e-90a4-4f6b-8f8e-0a54b1c7d2e3";
pub(crate) const OBJECT: &str = "c5a9d4b7-66f1-4b0e-a1f0-2f7b8a3d9c11";
pub(crate) const SECRET: &str = "Qx8~s3cret&with=signs+";

pub(crate) fn tenant() -> Tenant {
    let mut tenant = Tenant::new(TENANT, "Contoso", DOMAIN);
    tenant.apps.push(App {
        client_id: CLIENT.to_owned(),
        object_id: OBJECT.to_owned(),
        display_name: "payroll".to_owned(),
        secrets: vec![SECRET.to_owned()],
        expired_secrets: vec!["last year's".to_owned()],
        ..App::default()
    });
    tenant
}

pub(crate) fn directory() -> Directory {
    Directory {
        tenants: vec![tenant()],
    }
}

/// One key for all tests: making it is what takes time.
pub(crate) fn issuer() -> Arc<Issuer> {
    static ISSUER: LazyLock<Arc<Issuer>> = LazyLock::new(Arc::default);
    ISSUER.clone()
}

/// A client that trusts this authority and no other.
pub(crate) fn client(ca_pem: &str) -> Client {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).expect("PEM"))
        .expect("a certificate");
    build(roots)
}

/// A client for endpoints without TLS; reqwest wants a TLS configuration even so.
pub(crate) fn plain_client() -> Client {
    build(rustls::RootCertStore::empty())
}

fn build(roots: rustls::RootCertStore) -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let redirects = reqwest::redirect::Policy::none();
    Client::builder()
        .tls_backend_preconfigured(config)
        .no_proxy()
        .redirect(redirects)
        .build()
        .expect("a client")
}
