//! THE table of sign-in kinds, and the shape that each of them takes.

use crate::{Environment, Error, Options, Token, transport::Transport};
use std::{future::Future, pin::Pin, sync::Arc};

/// What a credential is asked for.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The scope, for instance `https://database.windows.net/.default`.
    pub scope: String,
}

/// A way to get a token; one request to its source per call, no cache.
///
/// Errors are ready for the host except for the mode, which the caller adds.
pub trait Credential: Send + Sync {
    /// Fetches a new token. Runs on the background thread; dropped at the deadline.
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>>;
}

/// The future of a [`Credential`].
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
