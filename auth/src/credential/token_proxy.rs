//! AKS identity bindings: an endpoint of the cluster that takes the token requests of its workloads in Entra's place.
//!
//! The cluster sets the variables in the pods that are bound to an identity; read as `azure_identity` for Go and Rust
//! read them. Never through a proxy of the environment's: the endpoint is the cluster's own.

use crate::{
    Environment, Error, ValueName,
    http::{Cluster, Route},
    identity_key::IdentityKeyBuilder,
    parameters::secret_file,
    process::{fork::Lock, regular_file::MAX_CERTIFICATE_LENGTH},
};
use std::sync::Arc;
use url::{Host, Position, Url};
use zeroize::Zeroizing;

const TOKEN_PROXY: &str = "AZURE_KUBERNETES_TOKEN_PROXY";
const SNI_NAME: &str = "AZURE_KUBERNETES_SNI_NAME";
const CA_FILE: &str = "AZURE_KUBERNETES_CA_FILE";
const CA_DATA: &str = "AZURE_KUBERNETES_CA_DATA";

/// The endpoint that the variables name.
#[derive(Debug)]
pub struct TokenProxy {
    /// With the name of the certificate as its host.
    url: Url,
    /// What the endpoint is called in requests, if that is something else than the URL's host.
    host_header: Option<String>,
    /// The host to connect to.
    host: String,
    authorities: Authorities,
}

/// Who vouches for the endpoint.
#[derive(Debug)]
enum Authorities {
    System,
    Data(Vec<u8>),
    /// A file that the cluster writes anew when its authority is renewed.
    File {
        path: String,
        /// What was in it last: it may be empty while it is written.
        last: Lock<Vec<u8>>,
    },
}

impl TokenProxy {
    /// The endpoint that the variables name; `None` where the workload asks Entra itself.
    pub fn from_environment(environment: &Environment) -> Result<Option<Self>, Error> {
        let Some(proxy) = environment.get(TOKEN_PROXY) else {
            let without = [SNI_NAME, CA_FILE, CA_DATA]
                .into_iter()
                .find(|name| environment.get(name).is_some());
            return match without {
                Some(name) => Err(wrong(format!("{name} is set, but {TOKEN_PROXY} is not"))),
                None => Ok(None),
            };
        };
        let mut url = parse(&proxy)?;
        let host = match url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(wrong(format!("{TOKEN_PROXY} names no host"))),
        };
        let host_header = match environment.get(SNI_NAME) {
            None => None,
            Some(name) => {
                let header = url[Position::BeforeHost..Position::AfterPort].to_owned();
                // An address would be connected to in place of the endpoint's.
                if !matches!(Host::parse(&name), Ok(Host::Domain(_))) || url.set_host(Some(&name)).is_err() {
                    return Err(wrong(format!("{SNI_NAME} is not a host name")));
                }
                Some(header)
            }
        };
        Ok(Some(Self {
            url,
            host_header,
            host,
            authorities: Authorities::from_environment(environment)?,
        }))
    }

    /// Adds it to the identity. The authorities may be renewed; where they come from is what counts.
    pub fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        let key = key
            .with("token proxy", self.url.as_str())
            .with("host", &self.host);
        match &self.authorities {
            Authorities::System => key,
            Authorities::Data(pem) => key.with(CA_DATA, &String::from_utf8_lossy(pem)),
            Authorities::File { path, .. } => key.with(CA_FILE, path),
        }
    }

    /// The address of one of a tenant's endpoints there, by its path at Entra.
    pub fn url(&self, path: &str) -> String {
        let mut url = self.url.clone();
        let below = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{below}/{path}"));
        url.into()
    }

    /// The header that names the endpoint, where its URL does not.
    pub fn headers(&self) -> Vec<(String, Zeroizing<String>)> {
        let header = self.host_header.iter();
        header
            .map(|host| ("host".to_owned(), Zeroizing::new(host.clone())))
            .collect()
    }

    /// The way there, with the authorities of the moment.
    pub fn route(&self) -> Result<Route, Error> {
        let authorities = match &self.authorities {
            Authorities::System => None,
            Authorities::Data(pem) => Some(pem.clone()),
            Authorities::File { path, last } => {
                let pem = read(path)?;
                let mut last = last.lock();
                if !pem.is_empty() {
                    *last = checked(pem, CA_FILE)?;
                }
                Some(last.clone())
            }
        };
        Ok(Route::Cluster(Arc::new(Cluster {
            host: self.host.clone(),
            authorities,
        })))
    }

    /// Says where the endpoint and its authority come from.
    pub fn explain(&self, error: Error) -> Error {
        let authority = match self.authorities {
            Authorities::System => "the system's CA certificates",
            Authorities::Data(_) => CA_DATA,
            Authorities::File { .. } => CA_FILE,
        };
        error.remedy(format!(
            "Check {TOKEN_PROXY} and {SNI_NAME}, which the cluster sets, and {authority}."
        ))
    }
}

impl Authorities {
    fn from_environment(environment: &Environment) -> Result<Self, Error> {
        match (environment.get(CA_FILE), environment.get(CA_DATA)) {
            (Some(_), Some(_)) => Err(wrong(format!("{CA_FILE} and {CA_DATA} contradict each other"))),
            (Some(path), None) => {
                let last = Lock::new(checked(read(&path)?, CA_FILE)?);
                Ok(Self::File { path, last })
            }
            (None, Some(data)) => Ok(Self::Data(checked(data.into_bytes(), CA_DATA)?)),
            (None, None) => Ok(Self::System),
        }
    }
}

fn parse(proxy: &str) -> Result<Url, Error> {
    let wrong = |why: &str| wrong(format!("{TOKEN_PROXY} {why}"));
    let url = Url::parse(proxy).map_err(|_| wrong("is not a URL"))?;
    if url.scheme() != "https" {
        return Err(wrong("is not an https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not name a user"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must have neither a query nor a fragment"));
    }
    Ok(url)
}

fn read(path: &str) -> Result<Vec<u8>, Error> {
    secret_file::bytes(path, ValueName::Other(CA_FILE), MAX_CERTIFICATE_LENGTH).map(|bytes| bytes.to_vec())
}

/// Certificates, of which there must be one at least.
fn checked(pem: Vec<u8>, named_by: &str) -> Result<Vec<u8>, Error> {
    if Cluster::has_authority(&pem) {
        return Ok(pem);
    }
    Err(wrong(format!("{named_by} has no CA certificate (PEM)")))
}

fn wrong(what: String) -> Error {
    Error::invalid(what).remedy("Leave it as the cluster sets it (AKS identity bindings), or unset it.")
}

#[cfg(test)]
mod tests;
