//! All stand-ins together with a small company in them, for demonstrations, containers and tests in other languages.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::azure_pipelines::{AzurePipelines, ServiceConnection};
use crate::certificates::CertificateAuthority;
use crate::entra::access_token::{self, AZURE_CLI, Proof, Subject};
use crate::entra::directory::EXCHANGE_AUDIENCES;
use crate::entra::{App, Directory, Entra, EntraOptions, Federated, Resource, Tenant, User};
use crate::jwt::Issuer;
use crate::managed_identity::{Identities, Identity, ManagedIdentity, ManagedIdentityOptions};
use crate::sql_server::{SqlServer, SqlServerOptions};
use crate::token_proxy::{BINDING_AUDIENCE, SNI_NAME, TokenProxy, TokenProxyOptions};

/// Contoso's tenant.
pub const TENANT_ID: &str = "5f2c1f4e-8a0b-4a8e-9d57-3c1d2e6b7a90";
/// Contoso's domain.
pub const TENANT_DOMAIN: &str = "contoso.onmicrosoft.com";
/// The application "payroll".
pub const PAYROLL_CLIENT_ID: &str = "3a7d9c52-1be4-4f0d-8c6b-92f1a0e4d7c8";
/// Its secret, with characters that need care in forms and connection strings.
pub const PAYROLL_SECRET: &str = "pay8Q~roll;{secret}=1";
/// A person.
pub const USER: &str = "ada@contoso.com";
/// Her password, with characters that need care in forms and connection strings.
pub const USER_PASSWORD: &str = "Ada;{1815}=&+ byron";
/// Another person.
pub const OTHER_USER: &str = "grace@contoso.com";
/// The other person's password.
pub const OTHER_PASSWORD: &str = "Grace-1906-hopper";
/// The web application "portal", which calls the database for its users.
pub const PORTAL_CLIENT_ID: &str = "c5b8e2f1-6a49-4d03-8e7c-0f1d2a3b4c5d";
/// Its secret.
pub const PORTAL_SECRET: &str = "por8Q~tal-of-contoso";
/// Who vouches for payroll where it runs on Kubernetes.
pub const CLUSTER_ISSUER: &str = "https://oidc.cluster.example/contoso/";
/// As whom.
pub const CLUSTER_SUBJECT: &str = "system:serviceaccount:payroll:payroll-sa";
/// The audience of all federated assertions.
pub const EXCHANGE_AUDIENCE: &str = EXCHANGE_AUDIENCES[0];
/// The application "nightly", which Azure Pipelines vouches for.
pub const PIPELINE_CLIENT_ID: &str = "e1f4a7c2-80d3-4b6f-9a25-7c3d8e0b1f46";
/// The service connection through which it does.
pub const PIPELINE_CONNECTION_ID: &str = "f7a2c9d1-3e64-4b08-95af-2d8c6b1e0a73";
/// A SQL Server login, for connections that are none of Entra's business.
pub const SQL_USER: &str = "reporting";
/// Its password.
pub const SQL_PASSWORD: &str = "R3port;ing}day";

/// Where the stand-ins listen; port 0 is one of the system's choice.
#[derive(Debug, Clone)]
pub struct PlaygroundOptions {
    /// The address of all of them.
    pub listen: IpAddr,
    /// Entra's port.
    pub entra_port: u16,
    /// The port of IMDS and App Service's endpoint.
    pub managed_identity_port: u16,
    /// SQL Server's port.
    pub sql_port: u16,
    /// Names beside `localhost` and `127.0.0.1` for the certificates: those of containers.
    pub names: Vec<String>,
    /// For how long tokens live, where not as the real ones.
    pub token_lifetime: Option<Duration>,
}

impl Default for PlaygroundOptions {
    fn default() -> Self {
        Self {
            listen: Ipv4Addr::LOCALHOST.into(),
            entra_port: 0,
            managed_identity_port: 0,
            sql_port: 0,
            names: Vec::new(),
            token_lifetime: None,
        }
    }
}

/// The running stand-ins; dropped, they are stopped.
pub struct Playground {
    /// The authority over all certificates.
    pub ca: Arc<CertificateAuthority>,
    /// Entra.
    pub entra: Entra,
    /// IMDS and App Service's endpoint.
    pub managed_identity: ManagedIdentity,
    /// SQL Server, which believes tokens of this Entra.
    pub sql_server: SqlServer,
    /// Azure Pipelines, as a task of it sees it.
    pub pipelines: AzurePipelines,
    /// The endpoint of the cluster that payroll runs in.
    pub token_proxy: TokenProxy,
    identities: Identities,
    /// Who signs its tokens.
    pub issuer: Arc<Issuer>,
}

impl Playground {
    /// Starts all stand-ins.
    #[must_use]
    pub fn start(options: &PlaygroundOptions) -> Self {
        let ca = Arc::new(CertificateAuthority::new());
        let issuer = Arc::new(Issuer::new());
        let mut names = vec!["localhost", "127.0.0.1"];
        names.extend(options.names.iter().map(String::as_str));
        let tenant = contoso();
        let at = |port| SocketAddr::new(options.listen, port);

        let directory = Directory {
            tenants: vec![tenant.clone()],
        };
        let mut entra = EntraOptions::new(ca.server_config(&names), issuer.clone(), directory);
        entra.listen = at(options.entra_port);
        let identities = identities();
        let mut managed_identity = ManagedIdentityOptions::new(issuer.clone(), tenant, identities.clone());
        managed_identity.listen = at(options.managed_identity_port);
        if let Some(lifetime) = options.token_lifetime {
            entra.token_lifetime = lifetime;
            managed_identity.token_lifetime = lifetime;
        }
        let entra = Entra::start(entra);
        let sql_server = SqlServerOptions {
            listen: at(options.sql_port),
            // The driver's own Entra modes ask for their tokens there.
            sts_url: format!("{}/{TENANT_ID}/", entra.authority()),
            ..SqlServerOptions::new(ca.server_config(&names), issuer.clone())
                .with_user(SQL_USER, SQL_PASSWORD)
        };
        Self {
            managed_identity: ManagedIdentity::start(managed_identity),
            sql_server: SqlServer::start(sql_server).expect("an address to listen on"),
            pipelines: AzurePipelines::start(
                ca.server_config(&names),
                issuer.clone(),
                vec![nightly_connection()],
            ),
            token_proxy: TokenProxy::start(TokenProxyOptions {
                listen: at(0),
                issuer: issuer.clone(),
                issuer_name: CLUSTER_ISSUER.to_owned(),
                exchange_audience: EXCHANGE_AUDIENCE.to_owned(),
                entra: entra.answering(),
            }),
            entra,
            ca,
            identities,
            issuer,
        }
    }

    /// A token for SQL Server as a person of Contoso's gets it, through a tool such as the Azure CLI.
    #[must_use]
    pub fn user_token(&self, name: &str, lifetime: Duration) -> String {
        self.token_for("https://database.windows.net/", name, AZURE_CLI, lifetime)
    }

    /// A token with which a person calls the application "portal".
    #[must_use]
    pub fn portal_token(&self, name: &str, lifetime: Duration) -> String {
        self.token_for(&format!("api://{PORTAL_CLIENT_ID}"), name, AZURE_CLI, lifetime)
    }

    fn token_for(&self, audience: &str, name: &str, client_id: &str, lifetime: Duration) -> String {
        let user = User {
            object_id: object_id(name),
            user_principal_name: name.to_owned(),
            display_name: name.to_owned(),
            ..User::default()
        };
        let subject = Subject::User {
            user: &user,
            client_id,
            proof: Proof::None,
            permissions: "user_impersonation".to_owned(),
        };
        let resource = Resource::new(audience, &[]);
        access_token::issue(&self.issuer, TENANT_ID, &resource, &subject, lifetime).jwt
    }

    /// What a cluster writes into the pods of payroll.
    #[must_use]
    pub fn cluster_assertion(&self, lifetime: Duration) -> String {
        self.assertion_for(EXCHANGE_AUDIENCE, lifetime)
    }

    /// The same in a cluster with identity bindings, which is good at its own endpoint alone.
    #[must_use]
    pub fn binding_assertion(&self, lifetime: Duration) -> String {
        self.assertion_for(BINDING_AUDIENCE, lifetime)
    }

    fn assertion_for(&self, audience: &str, lifetime: Duration) -> String {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        self.issuer.sign(&json!({
            "iss": CLUSTER_ISSUER, "sub": CLUSTER_SUBJECT, "aud": audience,
            "iat": now, "nbf": now, "exp": now.saturating_add_unsigned(lifetime.as_secs()),
        }))
    }

    /// Everything that a client needs to know: addresses, ids and secrets.
    #[must_use]
    pub fn description(&self) -> Value {
        let identity = |identity: Option<&Identity>| {
            identity.map(|identity| {
                json!({
                    "client_id": identity.client_id,
                    "object_id": identity.object_id,
                    "resource_id": identity.resource_id,
                })
            })
        };
        json!({
            "authority": self.entra.authority(),
            "tenant_id": TENANT_ID,
            "tenant_domain": TENANT_DOMAIN,
            "app": { "display_name": "payroll", "client_id": PAYROLL_CLIENT_ID, "secret": PAYROLL_SECRET },
            "user": {
                "name": USER, "password": USER_PASSWORD, "token": self.user_token(USER, Duration::from_hours(1)),
            },
            "other_user": { "name": OTHER_USER, "password": OTHER_PASSWORD },
            "portal": {
                "client_id": PORTAL_CLIENT_ID, "secret": PORTAL_SECRET,
                "token_of_user": self.portal_token(USER, Duration::from_hours(1)),
            },
            "server": format!("localhost,{}", self.sql_server.port()),
            "sql_login": { "user": SQL_USER, "password": SQL_PASSWORD },
            "imds": self.managed_identity.imds(),
            "identity_endpoint": self.managed_identity.identity_endpoint(),
            "identity_header": self.managed_identity.identity_header(),
            "cloud_shell_endpoint": self.managed_identity.cloud_shell_endpoint(),
            "ml_endpoint": self.managed_identity.ml_endpoint(),
            "ml_secret": self.managed_identity.ml_secret(),
            "service_fabric_endpoint": self.managed_identity.service_fabric().endpoint(),
            "service_fabric_thumbprint": self.managed_identity.service_fabric().thumbprint(),
            "azure_pipelines": {
                "client_id": PIPELINE_CLIENT_ID,
                "service_connection_id": PIPELINE_CONNECTION_ID,
                "oidc_request_uri": self.pipelines.oidc_request_uri(),
                "access_token": self.pipelines.access_token(),
            },
            "cluster": {
                "client_id": PAYROLL_CLIENT_ID,
                "assertion": self.cluster_assertion(Duration::from_hours(1)),
            },
            "token_proxy": {
                "url": self.token_proxy.url(),
                "sni_name": SNI_NAME,
                "ca": self.token_proxy.ca(),
                "assertion": self.binding_assertion(Duration::from_hours(1)),
            },
            "system_assigned": identity(self.identities.system_assigned.as_ref()),
            "user_assigned": identity(self.identities.user_assigned.first()),
        })
    }

    /// Changes for how long tokens live from now on.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        self.entra.set_lifetimes(lifetime, None);
        self.managed_identity.set_token_lifetime(lifetime);
    }
}

/// How the pipeline "nightly" signs in.
fn nightly_connection() -> ServiceConnection {
    ServiceConnection {
        id: PIPELINE_CONNECTION_ID.to_owned(),
        issuer: "https://vstoken.dev.azure.com/0c4d8e1f-52a6-4b3c-8d97-6e1f0a2b3c4d".to_owned(),
        subject: "sc://contoso/payroll/nightly".to_owned(),
    }
}

/// Everyone of that name is one person.
fn object_id(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

/// A federated identity credential.
fn trusts(issuer: &str, subject: &str) -> Federated {
    Federated {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        audience: EXCHANGE_AUDIENCE.to_owned(),
        signer: None,
    }
}

/// The credentials of an application that trusts the machine's user-assigned identities.
fn of_managed_identities() -> impl Iterator<Item = Federated> {
    let issuer = access_token::version_2_issuer(TENANT_ID);
    let identities = identities().user_assigned.into_iter();
    identities.map(move |identity| trusts(&issuer, &identity.object_id))
}

/// The tenant, with its people and applications.
#[must_use]
pub fn contoso() -> Tenant {
    let mut tenant = Tenant::new(TENANT_ID, "Contoso", TENANT_DOMAIN);
    tenant.domains.push("contoso.com".to_owned());
    tenant.apps.push(App {
        client_id: PAYROLL_CLIENT_ID.to_owned(),
        object_id: "b6e1c0d3-5a92-4d7f-a3e8-1f4c7b9d2065".to_owned(),
        display_name: "payroll".to_owned(),
        secrets: vec![PAYROLL_SECRET.to_owned()],
        expired_secrets: vec!["pay7Q~roll-of-last-year".to_owned()],
        federated: [trusts(CLUSTER_ISSUER, CLUSTER_SUBJECT)]
            .into_iter()
            .chain(of_managed_identities())
            .collect(),
        ..App::default()
    });
    tenant.apps.push(App {
        client_id: PORTAL_CLIENT_ID.to_owned(),
        object_id: "9d8c7b6a-5f4e-4d3c-8b2a-1f0e9d8c7b6a".to_owned(),
        display_name: "portal".to_owned(),
        secrets: vec![PORTAL_SECRET.to_owned()],
        federated: of_managed_identities().collect(),
        redirect_uris: vec!["http://localhost/auth/callback".to_owned()],
        ..App::default()
    });
    let connection = nightly_connection();
    tenant.apps.push(App {
        client_id: PIPELINE_CLIENT_ID.to_owned(),
        object_id: "4b8d2e6f-91c0-4a7d-b3e5-8f2c1d0a9e74".to_owned(),
        display_name: "nightly".to_owned(),
        federated: vec![trusts(&connection.issuer, &connection.subject)],
        ..App::default()
    });
    let api = format!("api://{PORTAL_CLIENT_ID}");
    tenant.resources.push(Resource::new(&api, &[PORTAL_CLIENT_ID]));
    // An environment of Dataverse and a cluster of Azure Data Explorer, which take tokens for their own names.
    for server in [
        "https://contoso.crm4.dynamics.com",
        "https://help.kusto.windows.net",
    ] {
        tenant.resources.push(Resource::new(server, &[]));
    }
    tenant.users = [
        (USER, USER_PASSWORD, "Ada"),
        (OTHER_USER, OTHER_PASSWORD, "Grace"),
    ]
    .map(|(name, password, display_name)| User {
        object_id: object_id(name),
        user_principal_name: name.to_owned(),
        display_name: display_name.to_owned(),
        password: password.to_owned(),
        ..User::default()
    })
    .into();
    tenant
}

/// A machine with an identity of its own and a second one lent to it.
fn identities() -> Identities {
    let group = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourcegroups/payroll/providers";
    Identities {
        system_assigned: Some(Identity {
            client_id: "7e0d5b1a-c3f8-4926-b5d4-e8a19c0f6b37".to_owned(),
            object_id: "d04f8e6c-2b71-4c95-8a3d-6f5e1b9c7204".to_owned(),
            resource_id: format!("{group}/Microsoft.Compute/virtualMachines/payroll-vm"),
        }),
        user_assigned: vec![Identity {
            client_id: "94c2a6f7-0d3e-4b18-97a5-5e8b3d1f0c62".to_owned(),
            object_id: "2fa95d30-e7b4-4681-bc0e-a1d6c84f7953".to_owned(),
            resource_id: format!("{group}/Microsoft.ManagedIdentity/userAssignedIdentities/reports"),
        }],
    }
}
