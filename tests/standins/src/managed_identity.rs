//! Stand-ins for the endpoints that give a machine's own identity its tokens, one file per kind of host.

mod app_service;
mod azure_arc;
mod azure_ml;
mod cloud_shell;
mod imds;
mod service_fabric;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use crate::entra::Tenant;
use crate::entra::access_token::{self, AccessToken, Subject};
use crate::entra::refusal::Refusal;
use crate::http::{Fault, Faults, LOOPBACK, Parameters, Response, Server, Times};
use crate::jwt::Issuer;
use crate::record::Record;
use azure_arc::Keys;

pub use service_fabric::ServiceFabric;

/// One managed identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The application (client) id, a GUID.
    pub client_id: String,
    /// The service principal's object id, a GUID.
    pub object_id: String,
    /// `/subscriptions/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/…`.
    pub resource_id: String,
}

/// The identities of one machine.
#[derive(Debug, Clone, Default)]
pub struct Identities {
    /// The machine's own.
    pub system_assigned: Option<Identity>,
    /// Those lent to it.
    pub user_assigned: Vec<Identity>,
}

/// What the endpoints are started with.
#[derive(Clone)]
pub struct ManagedIdentityOptions {
    /// Where they listen.
    pub listen: SocketAddr,
    /// The key that their tokens are signed with: Entra's.
    pub issuer: Arc<Issuer>,
    /// The tenant of the identities; its first user is the one who has opened Cloud Shell.
    pub tenant: Tenant,
    /// Who may sign in here.
    pub identities: Identities,
    /// The secret of App Service's endpoint and of Service Fabric's, `IDENTITY_HEADER`.
    pub identity_header: String,
    /// For how long tokens live.
    pub token_lifetime: Duration,
}

impl ManagedIdentityOptions {
    /// On a port of the system's choice, with tokens of a day, as the real endpoints give.
    #[must_use]
    pub fn new(issuer: Arc<Issuer>, tenant: Tenant, identities: Identities) -> Self {
        Self {
            listen: LOOPBACK,
            issuer,
            tenant,
            identities,
            identity_header: secret(),
            token_lifetime: Duration::from_secs(86_399),
        }
    }
}

fn secret() -> String {
    uuid::Uuid::new_v4().simple().to_string().to_uppercase()
}

/// The running endpoints; dropped, they are stopped.
///
/// Other than the real IMDS, which keeps a token until shortly before its end, they issue a new one each time, so that
/// a test sees which request a token came from.
pub struct ManagedIdentity {
    server: Server,
    service_fabric: ServiceFabric,
    state: Arc<State>,
}

struct State {
    issuer: Arc<Issuer>,
    tenant: Tenant,
    identities: Identities,
    identity_header: String,
    /// `MSI_SECRET` of Azure Machine Learning.
    ml_secret: String,
    arc: Mutex<Keys>,
    token_lifetime: RwLock<Duration>,
}

impl ManagedIdentity {
    /// Starts the endpoints, all at one address but Service Fabric's.
    #[must_use]
    pub fn start(options: ManagedIdentityOptions) -> Self {
        let state = Arc::new(State {
            issuer: options.issuer,
            tenant: options.tenant,
            identities: options.identities,
            identity_header: options.identity_header,
            ml_secret: secret(),
            arc: Mutex::default(),
            token_lifetime: RwLock::new(options.token_lifetime),
        });
        let answering = state.clone();
        let server = Server::start(options.listen, None, move |request| match request.path.as_str() {
            imds::PATH => imds::answer(&answering, request),
            app_service::PATH => app_service::answer(&answering, request),
            azure_arc::PATH => azure_arc::answer(&answering, request),
            cloud_shell::PATH => cloud_shell::answer(&answering, request),
            azure_ml::PATH => azure_ml::answer(&answering, request),
            _ => Response::new(404, "text/plain", ""),
        });
        let service_fabric = ServiceFabric::start(state.clone());
        Self {
            server,
            service_fabric,
            state,
        }
    }

    /// Where they listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The value for `AZURE_POD_IDENTITY_AUTHORITY_HOST`: where IMDS is, without its path.
    #[must_use]
    pub fn imds(&self) -> String {
        format!("http://127.0.0.1:{}", self.address().port())
    }

    /// The value for `IDENTITY_ENDPOINT`.
    #[must_use]
    pub fn identity_endpoint(&self) -> String {
        format!("{}{}", self.imds(), app_service::PATH)
    }

    /// The value for `IDENTITY_HEADER`.
    #[must_use]
    pub fn identity_header(&self) -> &str {
        &self.state.identity_header
    }

    /// The value for `IDENTITY_ENDPOINT` on a machine of Azure Arc, where `IMDS_ENDPOINT` is set as well.
    #[must_use]
    pub fn arc_endpoint(&self) -> String {
        format!("{}{}", self.imds(), azure_arc::PATH)
    }

    /// Lets the agent of Azure Arc write its keys into `directory`, and say that they are in `shown`.
    pub fn set_arc_keys(&self, directory: &Path, shown: &Path) {
        let mut keys = self.state.arc.lock().expect("no holder of the keys panics");
        directory.clone_into(&mut keys.directory);
        shown.clone_into(&mut keys.shown);
    }

    /// Makes the agent of Azure Arc one from before user-assigned identities.
    pub fn set_arc_old(&self) {
        self.state.arc.lock().expect("no holder of the keys panics").old = true;
    }

    /// The value for `MSI_ENDPOINT` in Cloud Shell.
    #[must_use]
    pub fn cloud_shell_endpoint(&self) -> String {
        format!("{}{}", self.imds(), cloud_shell::PATH)
    }

    /// The value for `MSI_ENDPOINT` on Azure Machine Learning.
    #[must_use]
    pub fn ml_endpoint(&self) -> String {
        format!("{}{}", self.imds(), azure_ml::PATH)
    }

    /// The value for `MSI_SECRET` there.
    #[must_use]
    pub fn ml_secret(&self) -> &str {
        &self.state.ml_secret
    }

    /// Service Fabric's token service.
    #[must_use]
    pub fn service_fabric(&self) -> &ServiceFabric {
        &self.service_fabric
    }

    /// Changes for how long tokens live from now on.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        *self
            .state
            .token_lifetime
            .write()
            .expect("no holder of the lifetime panics") = lifetime;
    }

    /// The next request goes wrong in this way.
    pub fn inject(&self, fault: Fault) {
        self.inject_on("", Times::Next(1), fault);
    }

    /// Requests whose path contains `path` go wrong in this way: `/metadata/`, `/msi/`, `/arc/`, …
    pub fn inject_on(&self, path: &str, times: Times, fault: Fault) {
        self.server.faults().inject(path, times, fault);
    }

    /// All faults still to come.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.server.faults()
    }

    /// What arrived.
    #[must_use]
    pub fn record(&self) -> &Record {
        self.server.record()
    }
}

impl State {
    /// A token of this identity, and the resource as it was asked for.
    fn issue<'a>(&self, identity: &Identity, asked: &'a str) -> Result<(&'a str, AccessToken), Refusal> {
        let resource = self
            .tenant
            .resource(asked)
            .ok_or_else(|| Refusal::resource_not_found(asked, &self.tenant.display_name))?;
        let subject = Subject::ManagedIdentity {
            client_id: &identity.client_id,
            object_id: &identity.object_id,
            resource_id: &identity.resource_id,
        };
        let lifetime = self.token_lifetime();
        Ok((
            asked,
            access_token::issue(&self.issuer, &self.tenant.id, resource, &subject, lifetime),
        ))
    }

    fn token_lifetime(&self) -> Duration {
        *self
            .token_lifetime
            .read()
            .expect("no holder of the lifetime panics")
    }
}

/// Which identity a request names; nothing means the system-assigned one.
#[derive(Default)]
struct Wanted<'a> {
    client: Option<&'a str>,
    object: Option<&'a str>,
    resource: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// Reads the names that hosts use for the ids; all hosts say `client_id`.
    fn from_query(query: &'a Parameters, object: &[&str], resource: &[&str]) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| query.get(name));
        Self {
            client: query.get("client_id"),
            object: first(object),
            resource: first(resource),
        }
    }

    fn is_system_assigned(&self) -> bool {
        self.client.is_none() && self.object.is_none() && self.resource.is_none()
    }

    /// The identity that all given ids belong to.
    fn find<'i>(&self, identities: &'i Identities) -> Option<&'i Identity> {
        if self.is_system_assigned() {
            return identities.system_assigned.as_ref();
        }
        let fits = |wanted: Option<&str>, have: &str| wanted.is_none_or(|id| id.eq_ignore_ascii_case(have));
        identities
            .user_assigned
            .iter()
            .chain(&identities.system_assigned)
            .find(|identity| {
                fits(self.client, &identity.client_id)
                    && fits(self.object, &identity.object_id)
                    && fits(self.resource, &identity.resource_id)
            })
    }
}

#[cfg(test)]
mod platform_tests;
#[cfg(test)]
mod tests;
