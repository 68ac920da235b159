//! `Default`: a chain of authentication modes, tried in the order of the SDKs for other languages.

mod members;
mod probe;

use super::{BoxFuture, Credential, CredentialContext, IdentityOrigin, SignIn, SignInSource, TokenRequest};
use crate::{
    Environment, Error, ErrorKind, Token,
    identity_key::IdentityKey,
    process::fork::Lock,
    token::{Deadline, Prompting},
};
use members::Member;
use probe::Probe;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tracing::info;

/// The time limit of a developer tool before the next member is tried, as in azure-identity.
const TOOL_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the absence of IMDS is remembered.
const IMDS_ABSENCE_TTL: Duration = Duration::from_secs(30);

/// The maximum length of a member's failure summary: seven of them must fit into a message.
const MAX_SUMMARY_LENGTH: usize = 46;

/// No member has worked yet.
const NO_MEMBER: usize = usize::MAX;

/// A member of the chain, for diagnostics.
#[derive(Debug, Clone, Copy)]
pub struct ChainMember {
    /// The name of the authentication mode.
    pub name: &'static str,
    /// What `AZURE_TOKEN_CREDENTIALS` calls it.
    pub credential: &'static str,
    /// Whether the chain of this environment has it.
    pub is_selected: bool,
    /// Whether the failure of a configured member ends the chain: a configuration is intended. Developer tools do not
    /// end it, nor does a managed identity that may be absent.
    pub is_last_word: bool,
}

/// All members in their order.
pub fn chain(environment: &Environment) -> Result<Vec<ChainMember>, Error> {
    let selected = members::selected(environment)?;
    let members = members::MEMBERS.iter().map(|member| ChainMember {
        name: member.name,
        credential: member.credential,
        is_selected: selected.iter().any(|chosen| chosen.name == member.name),
        is_last_word: !member.is_tool && !member.needs_probe,
    });
    Ok(members.collect())
}

pub fn prepare(context: &CredentialContext<'_>) -> Result<SignIn, Error> {
    let selected = members::selected(context.environment())?;
    let alone = selected.len() == 1;
    let mut key = IdentityKey::builder("Default")?;
    let mut links = Vec::with_capacity(selected.len());
    for member in selected {
        let prepared = (member.prepare)(&CredentialContext {
            options: &member.options(context),
            ..*context
        });
        let prepared = match prepared {
            Ok(sign_in) => {
                key = key.with_identity(member.name, &sign_in.key);
                Ok(sign_in)
            }
            Err(error) if allows_next_member(member, &error) => Err(error),
            Err(error) => return Err(error.in_member(member.name)),
        };
        links.push(Link { member, prepared });
    }
    let chain = Chain {
        probe: (!alone).then(|| Probe::new(context)).flatten(),
        links,
        winner: AtomicUsize::new(NO_MEMBER),
        absent_until: Lock::new(None),
    };
    Ok(
        SignIn::requesting(key.finish(), "default chain", context.scope, chain)
            .identity_origin(IdentityOrigin::Answer),
    )
}

/// Whether the next member is tried after this error.
///
/// A configured member that is refused is a mistake to report; another identity must not take its place. Developer
/// tools are optional.
fn allows_next_member(member: &Member, error: &Error) -> bool {
    member.is_tool || error.kind() == ErrorKind::Unavailable
}

/// A member with its sign-in, or the error of its preparation.
#[derive(Debug)]
struct Link {
    member: &'static Member,
    prepared: Result<SignIn, Error>,
}

impl Link {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let sign_in = self.prepared.as_ref().map_err(Clone::clone)?;
        let SignInSource::Credential(credential) = sign_in.source() else {
            return Err(Error::new(ErrorKind::Unavailable, "it has no credential"));
        };
        if !self.member.is_tool {
            return credential.token(request).await;
        }
        let until = request.deadline.instant().min(Instant::now() + TOOL_TIMEOUT);
        let request = TokenRequest {
            deadline: Deadline::at(until),
            prompting: Prompting::forbidden(),
            scope: request.scope.clone(),
        };
        let bounded = request.deadline.bound(credential.token(&request)).await;
        bounded.unwrap_or_else(|| {
            let error = Error::new(ErrorKind::TimedOut, "it did not answer in time");
            Err(match credential.timeout_error() {
                Some(timeout_error) => error.remedy_of(&timeout_error),
                None => error,
            })
        })
    }
}

/// The members. The one that worked is used again.
#[derive(Debug)]
struct Chain {
    links: Vec<Link>,
    probe: Option<Probe>,
    winner: AtomicUsize,
    absent_until: Lock<Option<Instant>>,
}

impl Chain {
    async fn request_token(&self, request: &TokenRequest) -> Result<Token, Error> {
        let known = self.winner.load(Ordering::Relaxed);
        if let Some(link) = self.links.get(known) {
            let outcome = link.request_token(request).await;
            match outcome {
                Err(error) if allows_next_member(link.member, &error) => {
                    info!(target: "entra_odbc", event = "member_lost", member = link.member.name, %error);
                    self.winner.store(NO_MEMBER, Ordering::Relaxed);
                }
                outcome => return outcome,
            }
        }
        let mut failures = Vec::new();
        for (at, link) in self.links.iter().enumerate() {
            match self.probe_and_request_token(link, request).await {
                Ok(token) => {
                    info!(target: "entra_odbc", event = "member_selected", member = link.member.name);
                    self.winner.store(at, Ordering::Relaxed);
                    return Ok(token);
                }
                Err(error)
                    if allows_next_member(link.member, &error) && !request.deadline.remaining().is_zero() =>
                {
                    info!(target: "entra_odbc", event = "member_unavailable", member = link.member.name, %error);
                    failures.push((link.member.name, error));
                }
                Err(error) => return Err(error.in_member(link.member.name)),
            }
        }
        Err(all_failed(&failures))
    }

    async fn probe_and_request_token(&self, link: &Link, request: &TokenRequest) -> Result<Token, Error> {
        if link.member.needs_probe
            && let Some(probe) = &self.probe
        {
            self.look_for(probe, request).await?;
        }
        link.request_token(request).await
    }

    /// Checks whether the machine has IMDS; without the check a connect elsewhere would wait for it.
    async fn look_for(&self, probe: &Probe, request: &TokenRequest) -> Result<(), Error> {
        let absent = || {
            Error::new(
                ErrorKind::Unavailable,
                format!("no IMDS answers at {}", probe.host()),
            )
        };
        let now = Instant::now();
        if self.absent_until.lock().is_some_and(|until| now < until) {
            return Err(absent());
        }
        if probe.is_answered(&request.deadline).await {
            return Ok(());
        }
        *self.absent_until.lock() = Some(now + IMDS_ABSENCE_TTL);
        Err(absent())
    }
}

impl Credential for Chain {
    fn token<'a>(&'a self, request: &'a TokenRequest) -> BoxFuture<'a, Result<Token, Error>> {
        Box::pin(self.request_token(request))
    }

    fn is_current(&self) -> bool {
        let winner = self.links.get(self.winner.load(Ordering::Relaxed));
        let sign_in = winner.and_then(|link| link.prepared.as_ref().ok());
        match sign_in.map(SignIn::source) {
            Some(SignInSource::Credential(credential)) => credential.is_current(),
            _ => true,
        }
    }
}

/// The error of the chain: one short line per member, with the error code of the first refusal.
fn all_failed(failures: &[(&'static str, Error)]) -> Error {
    if let [(name, error)] = failures {
        return error.clone().in_member(name);
    }
    let lines: Vec<_> = failures
        .iter()
        .map(|(name, error)| format!("{name}: {}", line(error)))
        .collect();
    let kinds = || failures.iter().map(|(_, error)| error.kind());
    let refused = kinds().find(|kind| matches!(kind, ErrorKind::Refused { code: 1.. }));
    // Nobody's sign-in is there, unless a tool that has one did not get through.
    let unreachable = kinds().find(|kind| *kind == ErrorKind::Unreachable);
    Error::new(
        refused.or(unreachable).unwrap_or(ErrorKind::Unavailable),
        format!("nobody is signed in. {}", lines.join("; ")),
    )
    .remedy("Run az login or entra-odbc login, or set AZURE_CLIENT_ID and its kin.")
}

/// A short reason why a member could not sign in.
fn line(error: &Error) -> String {
    let number = match error.kind() {
        ErrorKind::Refused { code: code @ 1.. } => format!("AADSTS{code} "),
        _ => String::new(),
    };
    let text = format!("{number}{}", error.short_what());
    if text.chars().count() <= MAX_SUMMARY_LENGTH {
        return text;
    }
    let cut: String = text.chars().take(MAX_SUMMARY_LENGTH).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{}...", cut.trim_end_matches([':', ',', ';', '(']))
}

#[cfg(test)]
mod tests;
