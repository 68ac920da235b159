//! What a sign-in will do, for those who look for the cause of a failure.

use super::KeywordSignIn;
use crate::{
    Environment, Error,
    tenant::{Tenant, Tenants},
    token::Deadline,
};
use std::sync::Arc;

impl KeywordSignIn {
    /// The Entra host that will be asked.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.chosen.authority
    }

    /// The tenant that the server wants its tokens from, by its own word; `None` where no server is named, or one
    /// whose port is not known.
    ///
    /// Nobody logs in for that. Runs on any runtime that has timers and sockets.
    pub async fn tenant_of_server(
        &self,
        environment: &Environment,
        deadline: &Deadline,
    ) -> Option<Result<String, Error>> {
        let tenant = Tenant::OfServer {
            target: Arc::clone(self.chosen.target.as_ref()?),
            tenants: Arc::new(Tenants::new(environment)),
            otherwise: None,
        };
        Some(tenant.resolve(deadline).await)
    }
}
