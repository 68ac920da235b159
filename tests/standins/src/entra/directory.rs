//! Who exists: tenants, their applications, users and resources, filled by the test.

use std::sync::{Arc, LazyLock};

use super::access_token::AZURE_CLI;
use super::refusal::Refusal;
use crate::jwt::Issuer;

/// Everything that an Entra knows.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// The tenants.
    pub tenants: Vec<Tenant>,
}

/// A tenant, known by its id and its domains.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// A GUID.
    pub id: String,
    /// The name that error messages use.
    pub display_name: String,
    /// `contoso.onmicrosoft.com`, `contoso.com`, …
    pub domains: Vec<String>,
    /// Registered applications.
    pub apps: Vec<App>,
    /// Users.
    pub users: Vec<User>,
    /// What tokens may be asked for.
    pub resources: Vec<Resource>,
}

/// A registered application with its service principal.
#[derive(Clone, Default)]
pub struct App {
    /// The application (client) id, a GUID.
    pub client_id: String,
    /// The service principal's object id, a GUID.
    pub object_id: String,
    /// Its name.
    pub display_name: String,
    /// Secrets that are good.
    pub secrets: Vec<String>,
    /// Secrets that were good once.
    pub expired_secrets: Vec<String>,
    /// Certificates (DER) whose keys prove it.
    pub certificates: Vec<Vec<u8>>,
    /// Whose certificates prove it as well, if they come along (`x5c`): subject name and issuer.
    pub trusted_subjects: Vec<TrustedSubject>,
    /// Whom else it trusts to vouch for it.
    pub federated: Vec<Federated>,
    /// Whether it may go without a proof, as programs on people's own machines do.
    pub public_client: bool,
    /// Where a browser may return to; `http://localhost` stands for each of its ports.
    pub redirect_uris: Vec<String>,
    /// Nobody has consented to what it asks for.
    pub lacks_consent: bool,
    /// It is for the people of its tenant alone, so `organizations` and `common` are not for it.
    pub single_tenant: bool,
}

/// Certificates of one authority for one name, whatever their keys: they may be renewed without anyone's doing.
#[derive(Debug, Clone, Default)]
pub struct TrustedSubject {
    /// The DNS name in the certificate.
    pub subject_name: String,
    /// The authority's certificate (DER).
    pub authority: Vec<u8>,
}

/// A federated identity credential: an issuer whose assertions stand in for a secret.
#[derive(Debug, Clone, Default)]
pub struct Federated {
    /// Who signs, as `iss` says it.
    pub issuer: String,
    /// Whom the assertion is about.
    pub subject: String,
    /// Whom it is for: `api://AzureADTokenExchange`.
    pub audience: String,
    /// The issuer's key, which Entra reads from the issuer's address; Entra's own where there is none.
    pub signer: Option<Arc<Issuer>>,
}

/// A person.
#[derive(Clone, Default)]
pub struct User {
    /// The user's object id, a GUID.
    pub object_id: String,
    /// `jo@contoso.com`.
    pub user_principal_name: String,
    /// Their name.
    pub display_name: String,
    /// Their password.
    pub password: String,
    /// Whether a password alone is not enough.
    pub needs_mfa: bool,
    /// Whether the account is switched off.
    pub disabled: bool,
}

/// A service that tokens are for.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The audience of its tokens.
    pub audience: String,
    /// Other names by which it is asked for; a missing or further slash at the end makes no other name.
    pub names: Vec<String>,
    /// The permissions that it has to give; where none are named, any is taken.
    pub permissions: Vec<String>,
    /// Whether its tokens are of version 2.0, as its registration decides.
    pub version_2: bool,
}

/// What is meant where a scope names no resource.
pub(super) const GRAPH: &str = "https://graph.microsoft.com";

/// What managed identities get tokens for that vouch for an application, in each cloud.
pub const EXCHANGE_AUDIENCES: [&str; 3] = [
    "api://AzureADTokenExchange",
    "api://AzureADTokenExchangeUSGov",
    "api://AzureADTokenExchangeChina",
];

/// Microsoft's services that every tenant knows, of all clouds: their audiences, and the other names for them.
const SERVICES: [(&str, &[&str]); 10] = [
    (
        "https://database.windows.net/",
        &["022907d3-0f1b-48f7-badc-1ba6abab6d66"],
    ),
    ("https://database.usgovcloudapi.net/", &[]),
    ("https://database.chinacloudapi.cn/", &[]),
    // Azure Database for PostgreSQL.
    (
        "https://ossrdbms-aad.database.windows.net",
        &["123cd850-d9df-40bd-94d5-c9f07b7fa203"],
    ),
    ("https://ossrdbms-aad.database.usgovcloudapi.net", &[]),
    ("https://ossrdbms-aad.database.chinacloudapi.cn", &[]),
    // Azure Databricks has no other name than its application id.
    ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", &[]),
    (
        "https://storage.azure.com",
        &["e406a681-f3d4-42a8-90b6-c2b029497af1"],
    ),
    (
        "https://management.azure.com",
        &["https://management.core.windows.net/"],
    ),
    ("https://vault.azure.net", &[]),
];

/// Microsoft Graph in each cloud.
const GRAPHS: [(&str, &[&str]); 3] = [
    (GRAPH, &["00000003-0000-0000-c000-000000000000"]),
    ("https://graph.microsoft.us", &[]),
    ("https://microsoftgraph.chinacloudapi.cn", &[]),
];

fn services() -> Vec<Resource> {
    let [public, usgov, china] = EXCHANGE_AUDIENCES;
    let exchanges = [
        // Its tokens name it by its application id, whatever it was called in the request.
        Resource::new("fb60f99c-7a34-4190-8149-302f77469936", &[public]),
        Resource::new(usgov, &[]),
        Resource::new(china, &[]),
    ];
    let with = |permissions: &'static [&str]| {
        move |(audience, names): &(&str, &[&str])| {
            Resource::new(audience, names).with_permissions(permissions)
        }
    };
    let services = SERVICES.iter().map(with(&["user_impersonation"]));
    services
        .chain(
            GRAPHS
                .iter()
                .map(with(&["User.Read", "email", "openid", "profile"])),
        )
        .chain(exchanges.map(Resource::with_version_2))
        .collect()
}

/// The Azure CLI, which every tenant knows without anyone's doing.
static AZURE_CLI_APP: LazyLock<App> = LazyLock::new(|| App {
    client_id: AZURE_CLI.to_owned(),
    object_id: "0e2d1a7b-5c3f-4d86-9b1e-7f6a5c4d3e2b".to_owned(),
    display_name: "Microsoft Azure CLI".to_owned(),
    public_client: true,
    redirect_uris: vec!["http://localhost".to_owned()],
    ..App::default()
});

impl App {
    /// Whether it has no means to prove itself: whoever presents a proof for it is refused.
    pub(super) fn is_public(&self) -> bool {
        self.public_client
            && self.secrets.is_empty()
            && self.expired_secrets.is_empty()
            && self.certificates.is_empty()
            && self.trusted_subjects.is_empty()
            && self.federated.is_empty()
    }

    /// Whether a browser may be led back to this address.
    ///
    /// `http://localhost` stands for each of its ports (RFC 8252, 7.3); all else is compared letter by letter.
    pub(super) fn may_return_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| {
            known == uri || without_port(known).is_some_and(|known| without_port(uri) == Some(known))
        })
    }
}

/// A loopback address without its port; `None` for all other addresses.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let loopback =
        ["localhost", "127.0.0.1"].contains(&host) && port.bytes().all(|byte| byte.is_ascii_digit());
    loopback.then(|| (host, if path == "/" { "" } else { path }))
}

impl Directory {
    /// Finds a person in any tenant, and the tenant with them.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<(&Tenant, &User)> {
        self.tenants
            .iter()
            .find_map(|tenant| tenant.user(name).map(|user| (tenant, user)))
    }

    /// The application of that id in this tenant or, where the person decides, in any.
    pub(super) fn app(
        &self,
        tenant: Option<&'_ Tenant>,
        client_id: &str,
    ) -> Result<(&Tenant, &App), Refusal> {
        let mut tenants = self
            .tenants
            .iter()
            .filter(|one| tenant.is_none_or(|tenant| tenant.id == one.id));
        let found = tenants.find_map(|tenant| Some((tenant, tenant.app(client_id)?)));
        match found {
            Some((_, app)) if app.single_tenant && tenant.is_none() => {
                Err(Refusal::single_tenant(&app.client_id, &app.display_name))
            }
            Some(found) => Ok(found),
            None => {
                let name = tenant.map_or("organizations", |tenant| tenant.display_name.as_str());
                Err(Refusal::app_not_found(client_id, name))
            }
        }
    }

    /// Finds a tenant by its id or one of its domains.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.is_called(name))
    }
}

impl Tenant {
    /// A tenant in which tokens for Microsoft's services may be asked for, and for the exchange of managed identities'.
    #[must_use]
    pub fn new(id: &str, display_name: &str, domain: &str) -> Self {
        Self {
            id: id.to_owned(),
            display_name: display_name.to_owned(),
            domains: vec![domain.to_owned()],
            apps: Vec::new(),
            users: Vec::new(),
            resources: services(),
        }
    }

    /// Whether this is its id or one of its domains.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let mut names = std::iter::once(&self.id).chain(&self.domains);
        names.any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Finds a person by name.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|user| user.user_principal_name.eq_ignore_ascii_case(name))
    }

    /// Finds an application by its client id.
    #[must_use]
    pub fn app(&self, client_id: &str) -> Option<&App> {
        let mut apps = self.apps.iter().chain([&*AZURE_CLI_APP]);
        apps.find(|app| app.client_id.eq_ignore_ascii_case(client_id))
    }

    /// Finds what a token is asked for.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<&Resource> {
        let name = name.trim_end_matches('/');
        self.resources.iter().find(|resource| {
            let mut names = std::iter::once(&resource.audience).chain(&resource.names);
            names.any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(name))
        })
    }
}

impl Resource {
    /// A service whose tokens carry this audience.
    #[must_use]
    pub fn new(audience: &str, names: &[&str]) -> Self {
        Self {
            audience: audience.to_owned(),
            names: names.iter().map(ToString::to_string).collect(),
            permissions: Vec::new(),
            version_2: false,
        }
    }

    /// Its tokens are of version 2.0.
    #[must_use]
    pub fn with_version_2(mut self) -> Self {
        self.version_2 = true;
        self
    }

    /// What people may let applications do there.
    #[must_use]
    pub fn with_permissions(mut self, permissions: &[&str]) -> Self {
        self.permissions = permissions.iter().map(ToString::to_string).collect();
        self
    }

    /// The application id, where it has one: error messages name it so.
    pub(super) fn id(&self) -> &str {
        let id = self.names.iter().find(|name| uuid::Uuid::try_parse(name).is_ok());
        id.unwrap_or(&self.audience)
    }
}

/// Secrets stay out of test output.
impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("client_id", &self.client_id)
            .field("object_id", &self.object_id)
            .field("display_name", &self.display_name)
            .finish_non_exhaustive()
    }
}

/// Passwords stay out of test output.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("object_id", &self.object_id)
            .field("user_principal_name", &self.user_principal_name)
            .finish_non_exhaustive()
    }
}
