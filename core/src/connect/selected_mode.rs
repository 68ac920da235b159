//! An authentication mode that was selected, with all it needs to sign in but the scope.

use super::{
    context::ConnectContext,
    request::ConnectRequest,
    trust::{self, Administrator, Channel},
};
use crate::tds::{ServerTenant, Target};
use entra_auth::{
    Error, Keyword, Options,
    cloud::PUBLIC,
    credential::{CredentialContext, Mode, SignIn},
    parameters::scope as scopes,
    tenant::TenantDiscovery,
    token::Sharing,
};
use std::{sync::Arc, time::Duration};

/// An authentication mode that was selected, with all it needs but the scope.
#[derive(Debug)]
pub(crate) struct SelectedMode {
    pub(crate) options: Options,
    /// The scope that the keywords and the server tell.
    pub(crate) scope: String,
    /// `TokenTimeout=`.
    pub(crate) token_timeout: Option<Duration>,
    pub(super) mode: &'static Mode,
    pub(super) authority: String,
    pub(super) server: Option<Arc<dyn TenantDiscovery>>,
    sharing: Option<Sharing>,
}

impl SelectedMode {
    pub(crate) fn new(
        request: &ConnectRequest<'_>,
        mode: &'static Mode,
        options: Options,
        channel: Option<&Channel>,
        administrator: &Administrator,
        context: &ConnectContext<'_>,
    ) -> Result<Self, Error> {
        let cloud = channel.and_then(Channel::cloud);
        let of_cloud = cloud.unwrap_or(&PUBLIC).authority;
        let authority = trust::authority(options.get(Keyword::Authority), administrator, of_cloud)?;
        let target = channel.and_then(|channel| channel.target(request.login_options()));
        Ok(Self {
            scope: scope(Some(&options), channel),
            token_timeout: options.token_timeout()?,
            mode,
            authority,
            server: target.map(|target| server_tenant(target, context)),
            sharing: Sharing::from_options(&options, &context.services.environment)?,
            options,
        })
    }

    /// Resolves who signs in.
    pub(crate) fn prepare(&self, scope: &str, context: &ConnectContext<'_>) -> Result<SignIn, Error> {
        let mut sign_in = self.mode.prepare(&CredentialContext {
            options: &self.options,
            scope,
            authority: &self.authority,
            server: self.server.as_ref(),
            services: context.services,
        })?;
        sign_in.shared.clone_from(&self.sharing);
        Ok(sign_in)
    }
}

fn server_tenant(target: Target, context: &ConnectContext<'_>) -> Arc<dyn TenantDiscovery> {
    Arc::new(ServerTenant::new(target, &context.services.environment))
}

/// The scope of a token for this server, unless `Scope=` names another.
pub(crate) fn scope(options: Option<&Options>, channel: Option<&Channel>) -> String {
    let of_server = || channel.map_or_else(|| PUBLIC.scope.to_owned(), Channel::scope);
    let named = options.and_then(|options| options.get(Keyword::Scope));
    named.map_or_else(of_server, scopes::normalize)
}
