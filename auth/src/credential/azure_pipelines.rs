//! `AzurePipelines`: the application of a service connection of Azure Pipelines.

use super::{
    BoxFuture, Credential, CredentialContext, SignIn, TokenRequest,
    oauth::{Endpoint, Form},
    reply,
};
use crate::{
    Error, ErrorKind, Keyword, Secret, Token, ValueName,
    error::text::text,
    http::{Call, Policy, Route},
    identity_key::IdentityKey,
    parameters::{
        options::{contradiction, missing},
        scope,
    },
    tenant::Tenant,
};
use std::fmt;
use url::Url;
use zeroize::Zeroizing;

/// The API that a pipeline's own token is for; the same version as in the SDKs.
const API_VERSION: &str = "7.1";

const CLIENT: &str = "AZURESUBSCRIPTION_CLIENT_ID";
const TENANT: &str = "AZURESUBSCRIPTION_TENANT_ID";
const CONNECTION: &str = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID";
const SYSTEM_TOKEN: &str = "SYSTEM_ACCESSTOKEN";

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let (options, environment) = (context.options, context.environment());
    let value = |keyword: Keyword, variable: &str, meaning: &str| {
        options
            .get(keyword)
            .map(str::to_owned)
            .or_else(|| environment.get(variable))
            .ok_or_else(|| missing(keyword, &format!("{meaning}, or set {variable}")))
    };
    let client_keyword = if options.get(Keyword::ClientId).is_some() {
        Keyword::ClientId
    } else {
        Keyword::User
    };
    let client = value(client_keyword, CLIENT, "the client id of the service connection")?;
    // As go-mssqldb takes it: client@tenant.
    let (client, named) = match client.split_once('@') {
        Some((client, tenant)) => (client.to_owned(), Some(tenant.to_owned())),
        None => (client, None),
    };
    let tenant = match (options.get(Keyword::TenantId), named) {
        (Some(one), Some(other)) if !one.eq_ignore_ascii_case(&other) => {
            return Err(contradiction("TenantId", "UID=client@tenant"));
        }
        (Some(tenant), _) => tenant.to_owned(),
        (None, Some(tenant)) => tenant,
        (None, None) => value(Keyword::TenantId, TENANT, "the tenant of the service connection")?,
    };
    let connection = value(
        Keyword::ServiceConnectionId,
        CONNECTION,
        "the id of the service connection",
    )?;
    let system_token = match options.secret(Keyword::SystemToken, Keyword::SystemTokenFile)? {
        Some((token, _)) => token,
        None => Secret::new(environment.get(SYSTEM_TOKEN).ok_or_else(|| {
            missing(
                Keyword::SystemToken,
                "the pipeline's own token, or set SYSTEM_ACCESSTOKEN",
            )
            .remedy("Map it in the task: env: SYSTEM_ACCESSTOKEN: $(System.AccessToken).")
        })?),
    };
    let request_uri = environment.get("SYSTEM_OIDCREQUESTURI").ok_or_else(|| {
        Error::new(
            ErrorKind::Unavailable,
            "SYSTEM_OIDCREQUESTURI is not set, so this is no task of Azure Pipelines",
        )
        .remedy("Run in an Azure Pipelines task, or use another authentication mode.")
    })?;
    let url = oidc_url(&request_uri, &connection)?;
    let key = IdentityKey::builder("AzurePipelines")?
        .with("authority", context.authority)
        .with("tenant", &tenant)
        .with("client", &client)
        .with("url", &url)
        .with("system token", system_token.expose())
        .with("scope", context.scope)
        .finish();
    let credential = Pipeline {
        endpoint: Endpoint::new(&context.services.http, context.authority),
        tenant: Tenant::named(&tenant)?,
        client: client.clone(),
        url,
        system_token,
    };
    let from_variables = [
        (client_keyword, CLIENT),
        (Keyword::TenantId, TENANT),
        (Keyword::ServiceConnectionId, CONNECTION),
        (Keyword::SystemToken, SYSTEM_TOKEN),
    ]
    .into_iter()
    .filter(|(keyword, _)| options.get(*keyword).is_none())
    .filter(|(keyword, _)| {
        *keyword != Keyword::SystemToken || options.get(Keyword::SystemTokenFile).is_none()
    })
    .map(|(keyword, variable)| (keyword, ValueName::Other(variable)))
    .collect();
    Ok(SignIn::requesting(key, client, context.scope, credential).naming(from_variables))
}

/// The address at which the pipeline's token is exchanged for an assertion that Entra trusts.
fn oidc_url(request_uri: &str, connection: &str) -> Result<String, Error> {
    let parameters = [("api-version", API_VERSION), ("serviceConnectionId", connection)];
    Url::parse_with_params(request_uri, parameters)
        .ok()
        .filter(|url| url.scheme() == "https")
        .map(String::from)
        .ok_or_else(|| {
            Error::invalid("SYSTEM_OIDCREQUESTURI is not an https URL")
                .remedy("Leave it as Azure Pipelines sets it.")
        })
}

/// A service connection.
struct Pipeline {
    endpoint: Endpoint,
    tenant: Tenant,
    client: String,
    url: String,
    system_token: Secret,
}

impl Pipeline {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let tenant = self.tenant.resolve(&request.deadline).await?;
        let assertion = self.assertion(request).await?;
        let form = Form::grant("client_credentials")
            .with("scope", &scope::for_application(&request.scope))
            .with("client_id", &self.client)
            .with_assertion(&assertion);
        Ok(self.endpoint.redeem(&tenant, form, request).await?.token)
    }

    async fn assertion(&self, request: &TokenRequest) -> Result<Secret, Error> {
        let bearer = Zeroizing::new(format!("Bearer {}", self.system_token.expose()));
        let call = Call {
            url: self.url.clone(),
            headers: vec![
                ("authorization".into(), bearer),
                ("content-type".into(), Zeroizing::new("application/json".into())),
                // Else a token that is not good leads to a sign-in page instead of a refusal.
                ("x-tfs-fedauthredirect".into(), Zeroizing::new("Suppress".into())),
            ],
            body: Some(Zeroizing::default()),
            route: Route::Far,
            retry: Policy::STANDARD,
        };
        let answer = self.endpoint.http().send(&call, &request.deadline).await?;
        let name = "Azure Pipelines";
        if answer.status != 200 {
            let error = Error::new(
                ErrorKind::Refused { code: 0 },
                format!("{name} refused the service connection (status {})", answer.status),
            );
            return Err(error.remedy(text!("Check {} and {} (a new one for each run), and that the pipeline may use the service connection.", ServiceConnectionId, SystemToken)));
        }
        let mut object = reply::object(&answer, name)?;
        super::oauth::secret(&mut object, "oidcToken").ok_or_else(|| {
            Error::new(
                ErrorKind::Unreachable,
                format!("{name} answered without an oidcToken"),
            )
            .remedy("Check that SYSTEM_OIDCREQUESTURI is as Azure Pipelines sets it.")
        })
    }
}

impl Credential for Pipeline {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
