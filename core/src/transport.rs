//! The one HTTP client: how every token request leaves the process.

use crate::Environment;

/// Shared by all credentials; makes its connections at the first request.
#[derive(Debug)]
pub struct Transport {
    environment: Environment,
}

impl Transport {
    /// A transport that takes proxies and certificate paths from these variables, when first used.
    #[must_use]
    pub fn new(environment: &Environment) -> Self {
        Self {
            environment: environment.clone(),
        }
    }
}
