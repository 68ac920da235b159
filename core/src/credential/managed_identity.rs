//! `Msi`: the identity that Azure gives to the machine or app this process runs on.

mod app_service;
mod id;
mod imds;

use super::{BoxFuture, Credential, SignIn, Situation, TokenRequest, entra, reply};
use crate::{
    Environment, Error, ErrorKind, Token,
    identity::{IdentityKey, IdentityKeyBuilder},
    transport::{Call, Reply, Transport},
};
use id::Id;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tracing::debug;

pub fn prepare(situation: &Situation<'_>) -> Result<SignIn, Error> {
    let ids = id::of(situation.options)?;
    let endpoint = endpoint(situation.environment)?;
    let mut key = IdentityKey::of_kind("Msi")?.with("scope", situation.scope);
    for id in &ids {
        key = key.with(id.kind(), id.value());
    }
    let key = endpoint.identify(key).finish();
    let who = Id::list(&ids);
    let credential = ManagedIdentity {
        transport: Arc::clone(situation.transport),
        endpoint,
        ids,
        winner: AtomicUsize::new(usize::MAX),
    };
    Ok(SignIn::requesting(key, who, situation.scope, credential))
}

/// An endpoint that hands out the tokens of this machine or app: one file each.
pub(super) trait Endpoint: fmt::Debug + Send + Sync {
    /// What it is called in messages.
    fn name(&self) -> &'static str;

    /// Adds the address, and the secret that goes with it, to the identity.
    fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder;

    /// The request for a token.
    fn call(&self, id: &Id, request: &TokenRequest) -> Result<Call, Error>;

    /// Whether a refusal says for certain that it has no such identity.
    fn lacks_identity(&self, answer: &Reply) -> bool;

    /// A request by which it can be told whether the endpoint is there at all; `None` where a variable
    /// that only the right machine has said so.
    fn probe(&self) -> Option<Call> {
        None
    }

    /// The error where nobody answers there.
    fn absent(&self, error: Error) -> Error {
        error
    }
}

/// The endpoint that this environment points to, chosen as the other languages' SDKs do.
fn endpoint(environment: &Environment) -> Result<Box<dyn Endpoint>, Error> {
    let has = |name| environment.get(name).is_some();
    let unsupported = |host: &str| {
        Error::new(
            ErrorKind::Unsupported,
            format!("managed identities of {host} are not supported yet"),
        )
        .remedy("Use another kind of sign-in there.")
    };
    if let Some(endpoint) = environment.get("IDENTITY_ENDPOINT") {
        return match environment.get("IDENTITY_HEADER") {
            Some(_) if has("IDENTITY_SERVER_THUMBPRINT") => Err(unsupported("Service Fabric")),
            Some(header) => Ok(Box::new(app_service::AppService::new(endpoint, header))),
            None if has("IMDS_ENDPOINT") => Err(unsupported("Azure Arc")),
            None => Ok(Box::new(imds::Imds::new(environment))),
        };
    }
    match (has("MSI_ENDPOINT"), has("MSI_SECRET")) {
        (true, true) => Err(unsupported("Azure Machine Learning")),
        (true, false) => Err(unsupported("Cloud Shell")),
        (false, _) => Ok(Box::new(imds::Imds::new(environment))),
    }
}

/// A request that shows whether this machine has an endpoint, where that is not known beforehand.
pub fn probe(environment: &Environment) -> Option<Call> {
    endpoint(environment).ok()?.probe()
}

/// A managed identity by one id, or by one that may be of either of two kinds.
#[derive(Debug)]
struct ManagedIdentity {
    transport: Arc<Transport>,
    endpoint: Box<dyn Endpoint>,
    ids: Vec<Id>,
    /// Which of `ids` the endpoint knows, once one has worked.
    winner: AtomicUsize,
}

impl ManagedIdentity {
    async fn ask(&self, request: &TokenRequest) -> Result<Token, Error> {
        let known = self.winner.load(Ordering::Relaxed);
        let mut last = None;
        for (at, id) in self.ids.iter().enumerate() {
            if known != usize::MAX && known != at {
                continue;
            }
            let answer = self.answer(id, request).await?;
            let name = self.endpoint.name();
            if answer.status == 200 {
                let token = reply::token(&mut reply::object(&answer, name)?, name)?;
                self.winner.store(at, Ordering::Relaxed);
                return Ok(token);
            }
            if !self.endpoint.lacks_identity(&answer) {
                return Err(refused(name, &answer));
            }
            debug!(target: "entra_odbc", endpoint = name, %id, "no such identity");
            last = Some(answer);
        }
        Err(self.no_identity(last.as_ref()))
    }

    async fn answer(&self, id: &Id, request: &TokenRequest) -> Result<Reply, Error> {
        let call = self.endpoint.call(id, request)?;
        self.transport
            .send(&call, &request.deadline)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Unreachable => self.endpoint.absent(error),
                _ => error,
            })
    }

    fn no_identity(&self, answer: Option<&Reply>) -> Error {
        let name = self.endpoint.name();
        let error = Error::new(
            ErrorKind::Refused { code: 0 },
            format!("{name} has no managed identity with {}", Id::list(&self.ids)),
        );
        let error = match self.ids.first() {
            Some(Id::SystemAssigned) | None => Error::new(
                ErrorKind::Refused { code: 0 },
                format!("{name} has no system-assigned managed identity"),
            )
            .remedy("Switch it on for this machine or app, or name a user-assigned one in UID."),
            Some(_) => error.remedy("Assign it to this machine or app, or correct UID."),
        };
        error.detail(answer.map(words).unwrap_or_default())
    }
}

impl Credential for ManagedIdentity {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.ask(request))
    }

    fn may_be_shared(&self) -> bool {
        true
    }
}

/// A refusal for another reason than that the identity is not there.
fn refused(endpoint: &str, answer: &Reply) -> Error {
    let words = words(answer);
    if matches!(answer.status, 300..400 | 404 | 408 | 410 | 429 | 500..) {
        return entra::unavailable(answer, endpoint).detail(words);
    }
    let error = match entra::number_in(&words) {
        Some(code) => entra::refusal(code),
        None => Error::new(
            ErrorKind::Refused { code: 0 },
            format!("{endpoint} refused the token request (status {})", answer.status),
        )
        .remedy("Check Scope, and the identities of this machine or app."),
    };
    error.detail(words)
}

/// The endpoint's own words, whichever name it has for them.
fn words(answer: &Reply) -> String {
    let Ok(object) = reply::object(answer, "") else {
        return String::new();
    };
    let text = |name: &str| object.get(name)?.as_str().map(reply::words);
    text("error_description")
        .or_else(|| text("message"))
        .or_else(|| text("error"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
