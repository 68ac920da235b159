//! `WorkloadIdentity`: an application that signs in with a token file of its Kubernetes cluster.

use super::{
    CredentialContext, SignIn,
    client::{Client, Proof},
    oauth::Endpoint,
    token_proxy::TokenProxy,
};
use crate::{Error, ErrorKind, Keyword, ValueName, tenant::Tenant};
use std::sync::Arc;

/// The variable for the token file, set in pods by the Azure Workload Identity webhook.
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const CLIENT: &str = "AZURE_CLIENT_ID";
const TENANT: &str = "AZURE_TENANT_ID";

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let value = |keyword: Keyword, variable: &'static str| {
        let given = context.options.get(keyword).map(str::to_owned);
        let named_by = given
            .as_ref()
            .map_or(ValueName::Other(variable), |_| keyword.into());
        given
            .or_else(|| context.environment().get(variable))
            .map(|value| (value, named_by))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Unavailable,
                    // The variable first: a chain tells no more than that.
                    format!(
                        "{variable} is not set, nor {}=, so this is no workload with an identity",
                        keyword.name()
                    ),
                )
                .remedy("Let the cluster's webhook set it (azure.workload.identity/use), or add the keyword.")
            })
    };
    let (path, named_by) = value(Keyword::ClientAssertionFile, TOKEN_FILE)?;
    let client_keyword = if context.options.get(Keyword::ClientId).is_some() {
        Keyword::ClientId
    } else {
        Keyword::User
    };
    let (id, client_named_by) = value(client_keyword, CLIENT)?;
    let (tenant, tenant_named_by) = value(Keyword::TenantId, TENANT)?;
    let proxy = TokenProxy::from_environment(context.environment())?.map(Arc::new);
    let client = Client {
        id,
        tenant: Tenant::named(&tenant)?,
        proof: Proof::assertion_file(&path, named_by)?,
        endpoint: Endpoint::new(&context.services.http, context.authority).through(proxy.clone()),
    };
    let key = client.identify("WorkloadIdentity", context.scope)?;
    let key = proxy.iter().fold(key, |key, proxy| proxy.identify(key)).finish();
    let who = client.id.clone();
    Ok(SignIn::requesting(key, who, context.scope, client).naming(vec![
        (Keyword::User, client_named_by),
        (Keyword::TenantId, tenant_named_by),
    ]))
}
