//! What a sign-in will do, for those who look for the cause of a failure.

use super::KeywordSignIn;
use entra_auth::{Error, tenant::TenantCache, token::Deadline};

impl KeywordSignIn {
    /// The Entra host that will be asked.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.selected.authority
    }

    /// The tenant that the server wants its tokens from, by its own word; `None` where no server is named, or one
    /// whose port is not known.
    ///
    /// Nobody logs in for that. Runs on any runtime that has timers and sockets.
    pub async fn tenant_of_server(&self, deadline: &Deadline) -> Option<Result<String, Error>> {
        let server = self.selected.server.as_ref()?;
        Some(TenantCache::new().get_or_discover(&**server, deadline).await)
    }
}
