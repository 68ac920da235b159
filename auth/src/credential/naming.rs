//! Replaces keyword names in errors by the names of the environment variables that the values came from.

use super::{BoxFuture, Credential, TokenRequest};
use crate::{Error, Token, error::text::Origin};
use std::sync::Arc;

/// A credential whose values did not come from keywords.
#[derive(Debug)]
pub struct Naming {
    pub credential: Arc<dyn Credential>,
    pub origins: Vec<Origin>,
}

impl Credential for Naming {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(async {
            let token = self.credential.token(request).await;
            token.map_err(|error| error.naming(&self.origins))
        })
    }

    fn is_current(&self) -> bool {
        self.credential.is_current()
    }

    fn timeout_error(&self) -> Option<Error> {
        self.credential.timeout_error()
    }

    fn is_shareable(&self) -> bool {
        self.credential.is_shareable()
    }
}
