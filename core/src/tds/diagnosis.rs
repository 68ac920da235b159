//! Why no login came about, found out by an attempt of our own: name, port, TLS, redirect, answer.
//!
//! Driver 18.6 tells an unknown name, a closed port and a silent one by the same words after the whole login timeout,
//! and an untrusted certificate by OpenSSL's. The attempt ends before a token would be sent.

use super::{Answer, MAX_REDIRECTS, Target, channel::Channel, config, instance, log_in};
use entra_auth::{
    Environment,
    http::{TlsFailure, roots::WrongName},
    process::name_resolution,
};
use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::time::timeout_at;

/// What an attempt to log in found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The host and port at which it was found.
    pub at: (String, u16),
    /// The host and port that sent the login there, where one did.
    pub redirected_by: Option<(String, u16)>,
    /// What was found.
    pub finding: Finding,
}

/// What was found of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Its name has no address.
    NameUnknown(String),
    /// No name server tells the address of its name.
    NameNotResolved(String),
    /// Nobody tells the port of the named instance.
    InstanceUnknown(String),
    /// Its port takes no connections.
    NobodyListens,
    /// Its port does not answer at all.
    Silent,
    /// The network does not lead there.
    Unroutable(String),
    /// Its certificate is for other names.
    WrongName(WrongName),
    /// There is no TLS with it for another reason.
    Tls(TlsFailure),
    /// It takes the connection, and then says nothing.
    Mute,
    /// It does not encrypt, or does not speak as a SQL Server does.
    NotUnderstood(String),
    /// It refuses the login with these words.
    Refuses(String),
    /// It answers.
    Answers,
}

/// Tries to log in as far as the server's first answer, once more for each redirect, for no longer than `limit`.
///
/// The port of the target is that of the named instance, if there is one, once that is known.
pub async fn diagnose(
    mut target: Target,
    instance: Option<&str>,
    environment: Environment,
    limit: Duration,
) -> Diagnosis {
    let until = Instant::now() + limit;
    if let Some(instance) = instance {
        match port_of_instance(&target, instance, until).await {
            Ok(port) => target.port = port,
            Err(finding) => {
                return Diagnosis {
                    at: at(&target),
                    redirected_by: None,
                    finding,
                };
            }
        }
    }
    let mut redirected_by = None;
    let mut redirects = 0;
    loop {
        let finding = match attempt(&target, &environment, until).await {
            Ok(Answer::Elsewhere { host, port }) if redirects < MAX_REDIRECTS => {
                redirects += 1;
                let by = at(&target);
                match target.redirected(host, port) {
                    Some(next) => {
                        redirected_by = Some(by);
                        target = next;
                        continue;
                    }
                    None => {
                        Finding::NotUnderstood("it redirects to a server that nothing validates".to_owned())
                    }
                }
            }
            Ok(Answer::Elsewhere { .. }) => Finding::NotUnderstood("it redirects again and again".to_owned()),
            Ok(Answer::TokenFrom(_)) => Finding::Answers,
            Ok(Answer::Nothing(words)) if words.is_empty() => Finding::Answers,
            Ok(Answer::Nothing(words)) => Finding::Refuses(words),
            Err(finding) => finding,
        };
        return Diagnosis {
            at: at(&target),
            redirected_by,
            finding,
        };
    }
}

fn at(target: &Target) -> (String, u16) {
    let (host, port) = target.address();
    (host.to_owned(), port)
}

async fn attempt(target: &Target, environment: &Environment, until: Instant) -> Result<Answer, Finding> {
    let (host, port) = target.address();
    let addresses = addresses(host, until).await?;
    let channel = match timeout_at(until.into(), Channel::connect(addresses, port)).await {
        Ok(Ok(channel)) => channel,
        Ok(Err(error)) => return Err(unconnected(&error)),
        Err(_) => return Err(Finding::Silent),
    };
    let config = config(target, environment).map_err(|error| unfinished(&error))?;
    match timeout_at(until.into(), log_in(channel, target, config)).await {
        Ok(answer) => answer.map_err(|error| unfinished(&error)),
        Err(_) => Err(Finding::Mute),
    }
}

async fn addresses(host: &str, until: Instant) -> Result<Vec<SocketAddr>, Finding> {
    match timeout_at(until.into(), name_resolution::addresses(host)).await {
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Err(Finding::NameUnknown(error.to_string()))
        }
        Ok(Err(error)) => Err(Finding::NameNotResolved(error.to_string())),
        Err(_) => Err(Finding::NameNotResolved("no name server answers".to_owned())),
    }
}

async fn port_of_instance(target: &Target, instance: &str, until: Instant) -> Result<u16, Finding> {
    let addresses = addresses(target.address().0, until).await?;
    let asked = timeout_at(until.into(), instance::port(&addresses, instance));
    let port = asked
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    port.map_err(|error| {
        Finding::InstanceUnknown(match error.kind() {
            io::ErrorKind::TimedOut => "nobody answers".to_owned(),
            _ => error.to_string(),
        })
    })
}

fn unconnected(error: &io::Error) -> Finding {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Finding::NobodyListens,
        io::ErrorKind::TimedOut => Finding::Silent,
        _ => Finding::Unroutable(error.to_string()),
    }
}

fn unfinished(error: &io::Error) -> Finding {
    match TlsFailure::find(error) {
        Some(TlsFailure::WrongName(wrong)) => Finding::WrongName(wrong),
        Some(failure) => Finding::Tls(failure),
        None => Finding::NotUnderstood(match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                "it closes the connection before the login".to_owned()
            }
            _ => error.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests;
