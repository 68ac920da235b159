//! `Msi`: the managed identity of the machine or app that this process runs on.

mod app_service;
mod azure_arc;
mod azure_ml;
mod cloud_shell;
mod endpoint;
mod id;
mod imds;
mod platform;
mod service_fabric;

use super::{BoxFuture, Credential, CredentialContext, SignIn, TokenRequest, entra, reply};
use crate::{
    Environment, Error, ErrorKind, Token,
    http::{Call, HttpClient, Reply},
    identity_key::{IdentityKey, IdentityKeyBuilder},
};
use endpoint::Endpoint;
pub use id::Id;
pub use imds::is_its_own as is_imds;
use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tracing::debug;

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    sign_in(context, platform::endpoint(context.environment())?, Role::Alone)
}

/// The same as a member of the default chain.
pub fn prepare_for_default_chain(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    sign_in(context, platform::endpoint(context.environment())?, Role::Member)
}

/// How a missing identity is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It is an error.
    Alone,
    /// The next member of the chain is tried.
    Member,
}

fn sign_in(
    context: &CredentialContext<'_>,
    endpoint: Box<dyn Endpoint>,
    role: Role,
) -> Result<SignIn, Error> {
    let ids = id::from_options(context.options)?;
    let identity = ManagedIdentity::new(context, endpoint, ids, role)?;
    let key = IdentityKey::builder("Msi")?.with("scope", context.scope);
    let key = identity.identify(key).finish();
    let who = Id::list(&identity.ids);
    Ok(SignIn::requesting(key, who, context.scope, identity))
}

/// A request that shows whether this machine has an endpoint; `None` if that is known already.
pub fn probe(environment: &Environment) -> Option<Call> {
    platform::endpoint(environment).ok()?.probe()
}

/// A managed identity, identified by one id or by two alternative ids.
#[derive(Debug)]
pub struct ManagedIdentity {
    transport: Arc<HttpClient>,
    endpoint: Box<dyn Endpoint>,
    ids: Vec<Id>,
    role: Role,
    /// The index of the id in `ids` that the endpoint accepted.
    winner: AtomicUsize,
}

impl ManagedIdentity {
    /// The identity with that id, which is to vouch for an application.
    pub fn for_application(context: &CredentialContext<'_>, id: Id) -> Result<Self, Error> {
        let endpoint = platform::endpoint(context.environment())?;
        // The only errors are those of ids that this kind of endpoint cannot be asked for.
        Self::new(context, endpoint, vec![id], Role::Alone).map_err(|error| {
            error.remedy("Write FederatedIdentity=msi (Azure Machine Learning: or msi:<client id>).")
        })
    }

    fn new(
        context: &CredentialContext<'_>,
        endpoint: Box<dyn Endpoint>,
        ids: Vec<Id>,
        role: Role,
    ) -> Result<Self, Error> {
        Ok(Self {
            transport: context.http(),
            ids: endpoint.ids(ids)?,
            endpoint,
            role,
            winner: AtomicUsize::new(usize::MAX),
        })
    }

    /// Adds who it is, and where its tokens come from, to the identity.
    pub fn identify(&self, key: IdentityKeyBuilder) -> IdentityKeyBuilder {
        let ids = self.ids.iter();
        self.endpoint
            .identify(ids.fold(key, |key, id| key.with(id.kind(), id.value())))
    }

    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let known = self.winner.load(Ordering::Relaxed);
        let mut last = None;
        for (at, id) in self.ids.iter().enumerate() {
            if known != usize::MAX && known != at {
                continue;
            }
            let answer = self.answer(id, request).await?;
            let name = self.endpoint.name();
            // An endpoint that has returned a token before is the right one; it may be updating.
            if known == usize::MAX && !self.endpoint.is_its_own(&answer) {
                return Err(self.endpoint.absent(foreign(&answer)));
            }
            if answer.status == 200 {
                let mut object = reply::object(&answer, name)?;
                self.endpoint.confirm(id, &object)?;
                let token = reply::token(&mut object, name)?;
                self.winner.store(at, Ordering::Relaxed);
                return Ok(token);
            }
            if !self.endpoint.lacks_identity(&answer) {
                return Err(refused(name, &answer));
            }
            debug!(target: "entra_odbc", event = "identity_unknown", endpoint = name, %id);
            last = Some(answer);
        }
        Err(self.no_identity(last.as_ref()))
    }

    async fn answer(&self, id: &Id, request: &TokenRequest) -> Result<Reply, Error> {
        let mut call = self.endpoint.call(id, request)?;
        let answer = self.send(&call, request).await?;
        let Some(proof) = self.endpoint.proof(&answer)? else {
            return Ok(answer);
        };
        call.headers.push(proof);
        self.send(&call, request).await
    }

    async fn send(&self, call: &Call, request: &TokenRequest) -> Result<Reply, Error> {
        self.transport
            .send(call, &request.deadline)
            .await
            .map_err(|error| match error.kind() {
                ErrorKind::Unreachable => self.endpoint.absent(error),
                ErrorKind::TimedOut if self.endpoint.may_be_absent() => error.perhaps_absent(),
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
            Some(Id::SystemAssigned) | None => {
                // As in azure-identity: most developers' machines on Azure have no managed identity.
                let kind = match self.role {
                    Role::Alone => ErrorKind::Refused { code: 0 },
                    Role::Member => ErrorKind::Unavailable,
                };
                Error::new(kind, format!("{name} has no system-assigned managed identity"))
                    .remedy(self.endpoint.without_identity())
            }
            Some(_) => error.remedy("Assign it to this machine or app, or correct the id."),
        };
        error.detail(answer.map(words).unwrap_or_default())
    }
}

impl Credential for ManagedIdentity {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }

    fn is_shareable(&self) -> bool {
        true
    }
}

/// The error if another service answers at the endpoint's address.
fn foreign(answer: &Reply) -> Error {
    let kind = reply::description(&answer.content_type);
    Error::new(
        ErrorKind::Unreachable,
        format!(
            "What answers there is something else (status {} {kind})",
            answer.status
        ),
    )
}

/// The error for a refusal other than a missing identity.
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

/// The endpoint's error text, whose field name differs between platforms.
fn words(answer: &Reply) -> String {
    let Ok(object) = reply::object(answer, "") else {
        return String::new();
    };
    let text = |name: &str| object.get(name)?.as_str().map(reply::description);
    // Cloud Shell and Service Fabric: {"error":{"code":…,"message":…}}.
    let nested = || {
        let error = object.get("error")?.as_object()?;
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        Some(reply::description(&format!(
            "{}: {}",
            part("code"),
            part("message")
        )))
    };
    text("error_description")
        .or_else(|| text("message"))
        .or_else(|| text("Message"))
        .or_else(|| text("error"))
        .or_else(nested)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
