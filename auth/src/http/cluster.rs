//! An endpoint of a Kubernetes cluster: it has a certificate of the cluster's own authority, for a name that need not be
//! the one by which it is reached.

use super::roots::Verifier;
use crate::{Environment, process::name_resolution};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{fmt, sync::Arc};

/// How such an endpoint is reached. The URL of a request names the host of its certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The host name or address to connect to, whatever host the URL names.
    pub host: String,
    /// The authorities (PEM) that alone are trusted for it; the system's where there are none.
    pub authorities: Option<Vec<u8>>,
}

impl Cluster {
    /// Whether there is a certificate of an authority in this text.
    #[must_use]
    pub fn has_authority(pem: &[u8]) -> bool {
        !store(pem).is_empty()
    }

    /// The check of the endpoint's certificate.
    pub(super) fn verifier(
        &self,
        environment: &Environment,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, String> {
        let Some(pem) = &self.authorities else {
            return Ok(Arc::new(Verifier::new(environment, Arc::clone(provider))));
        };
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store(pem)), Arc::clone(provider)).build();
        Ok(verifier.map_err(|error| error.to_string())?)
    }
}

fn store(pem: &[u8]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
    store
}

/// Leads every name to the endpoint.
impl Resolve for Cluster {
    fn resolve(&self, _name: Name) -> Resolving {
        let host = self.host.clone();
        Box::pin(async move {
            let addresses = name_resolution::addresses(&host).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
