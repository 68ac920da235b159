//! The sign-ins of one identity, by the scopes that tokens were asked for.

use super::{IdentityOrigin, SignIn, SignInSource};
use crate::{Error, process::fork::Lock};
use std::sync::Arc;

/// For how many scopes a sign-in is kept as resolved.
const MAX_KEPT: usize = 16;

/// Keeps a [`SignIn`] per scope, where the keywords alone decide who signs in: then nothing can change it any more.
#[derive(Debug, Default)]
pub struct SignInsByScope(Lock<Vec<(String, Arc<SignIn>)>>);

impl SignInsByScope {
    /// The sign-in for `scope`, made by `prepare` unless it is kept.
    ///
    /// What depends on a file, the environment or a tool's profile is looked at anew each time.
    pub fn resolve(
        &self,
        scope: &str,
        prepare: impl FnOnce() -> Result<SignIn, Error>,
    ) -> Result<Arc<SignIn>, Error> {
        let kept = self
            .0
            .lock()
            .iter()
            .find(|(known, _)| known == scope)
            .map(|(_, sign_in)| Arc::clone(sign_in));
        if let Some(sign_in) = kept {
            return Ok(sign_in);
        }
        let sign_in = Arc::new(prepare()?);
        let lasts = matches!(sign_in.source(), SignInSource::Credential(_));
        if lasts && sign_in.identity_origin == IdentityOrigin::String && sign_in.cache {
            let mut kept = self.0.lock();
            if kept.len() < MAX_KEPT && !kept.iter().any(|(known, _)| known == scope) {
                kept.push((scope.to_owned(), Arc::clone(&sign_in)));
            }
        }
        Ok(sign_in)
    }
}
