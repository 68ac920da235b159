//! Each member of the default chain: whether it is there, and whom it would sign in.

use super::finding::{Check, Findings};
use crate::{
    context::Session,
    ui::{failure::Failure, progress},
};
use entra_odbc_core::{
    Environment, Error, ErrorKind, KeywordSignIn, TokenService,
    connect::Surroundings,
    credential,
    tenant::Tenants,
    token::{Claims, Wait},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// How long one of them may take; as in the chain itself.
const TOOL: Duration = Duration::from_secs(10);

/// Asks each of them.
pub fn look(
    string: &str,
    session: &Session,
    timeout: Duration,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let members = match credential::default_chain(&session.environment) {
        Ok(members) => members,
        Err(error) => return Ok(findings.error(Check::DefaultChain, &error)?),
    };
    let mut first = None;
    let mut broken = None;
    for member in members {
        let name = member.name;
        if !member.is_selected {
            findings.skipped(
                Check::DefaultChain,
                format!("{name} is left out, as AZURE_TOKEN_CREDENTIALS says"),
            )?;
            continue;
        }
        let outcome = progress::waiting(&format!("Asking {name}"), || {
            ask(string, member.credential, session, timeout.min(TOOL))
        });
        match outcome {
            Ok(claims) => {
                let used = if first.is_none() && broken.is_none() {
                    ", and is the one that is used"
                } else {
                    ""
                };
                first.get_or_insert(name);
                findings.ok(Check::DefaultChain, format!("{name} signs in as {claims}{used}"))?;
            }
            Err(error) if is_absent(&error) => {
                let [what, ..] = words(&error, name);
                findings.skipped(Check::DefaultChain, format!("{name} is not available: {what}"))?;
            }
            Err(error) => {
                let [what, remedy, detail] = words(&error, name);
                findings.warning(Check::DefaultChain, format!("{name}: {what}"), detail, remedy)?;
                if first.is_none() && member.is_last_word {
                    broken.get_or_insert(name);
                }
            }
        }
    }
    if let Some(broken) = broken {
        findings.warning(
            Check::DefaultChain,
            format!("the chain ends at {broken}, so Authentication=ActiveDirectoryDefault cannot work"),
            "what is configured is meant to be used, so nobody after it is asked",
            "Correct it or remove it, or have AZURE_TOKEN_CREDENTIALS name another one.",
        )?;
    } else if first.is_none() {
        findings.warning(
            Check::DefaultChain,
            "nobody is signed in, so Authentication=ActiveDirectoryDefault cannot work",
            "no member of the chain has a token",
            "entra-odbc login",
        )?;
    }
    Ok(())
}

/// The chain as it is when it has one member alone.
fn ask(string: &str, credential: &str, session: &Session, timeout: Duration) -> Result<Claims, Error> {
    let mut variables: Vec<_> = std::env::vars()
        .filter(|(name, _)| name != "AZURE_TOKEN_CREDENTIALS")
        .collect();
    variables.push(("AZURE_TOKEN_CREDENTIALS".to_owned(), credential.to_owned()));
    let environment = Environment::fixed(variables).with_tools();
    let string = if string.is_empty() {
        "Authentication=ActiveDirectoryDefault"
    } else {
        string
    };
    let issued = session.with_surroundings(|around| {
        let around = Surroundings {
            environment: &environment,
            tokens: &TokenService::new(),
            tenants: &Arc::new(Tenants::new(&environment)),
            ..*around
        };
        let sign_in = KeywordSignIn::from_string(string, &around)?;
        sign_in.token(None, Wait::until(Instant::now() + timeout), &around)
    });
    issued.map(|issued| issued.token.claims())
}

/// What went wrong, without the member's name, which a chain puts before it.
fn words<'a>(error: &'a Error, name: &str) -> [&'a str; 3] {
    let [what, remedy, detail] = error.words();
    let bare = what.strip_prefix(name).and_then(|rest| rest.strip_prefix(": "));
    [bare.unwrap_or(what), remedy, detail]
}

/// Not there, in contrast to being there and failing.
fn is_absent(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Unavailable => true,
        // Asked alone, the managed identity is not looked for first: where nothing answers, it is not there.
        ErrorKind::Unreachable | ErrorKind::TimedOut => error.to_string().contains("169.254.169.254"),
        _ => false,
    }
}
