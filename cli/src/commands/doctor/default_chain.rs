//! Checks each member of the default chain: whether it is available, and as whom it signs in.

use super::finding::{Check, Findings};
use crate::{
    context::Context,
    ui::{failure::Failure, progress},
};
use entra_auth::{
    Environment, Error, ErrorKind, Services, credential,
    token::{Claims, Wait},
    user::prompt::Prompts,
};
use entra_odbc_core::connect::{ConnectContext, KeywordSignIn};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The time limit of a member, as in the chain itself.
const MEMBER_TIMEOUT: Duration = Duration::from_secs(10);

/// Checks each member.
pub fn check(
    string: &str,
    context: &Context,
    timeout: Duration,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let members = match credential::default_chain(&context.services.environment) {
        Ok(members) => members,
        Err(error) => return Ok(findings.error(Check::DefaultChain, &error)?),
    };
    let mut first = None;
    let mut broken = None;
    let mut is_untold = false;
    for member in members {
        let name = member.name;
        if !member.is_selected {
            findings.skipped(
                Check::DefaultChain,
                format!("{name} is left out, as AZURE_TOKEN_CREDENTIALS says"),
            )?;
            continue;
        }
        let outcome = progress::show_while(&format!("Asking {name}"), || {
            sign_in_with(string, member.credential, context, timeout.min(MEMBER_TIMEOUT))
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
                let what = error.what();
                findings.skipped(Check::DefaultChain, format!("{name} is not available: {what}"))?;
            }
            Err(error) if let Some(cause) = findings.cause_of(&error, name) => {
                is_untold = true;
                let what = format!("{name} was not reached, because of {}", cause.name());
                findings.skipped(Check::DefaultChain, what)?;
            }
            Err(error) => {
                let (what, [_, remedy, detail]) = (error.what(), error.words());
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
    } else if first.is_none() && !is_untold {
        findings.warning(
            Check::DefaultChain,
            "nobody is signed in, so Authentication=ActiveDirectoryDefault cannot work",
            "no member of the chain has a token",
            "entra-odbc login",
        )?;
    }
    Ok(())
}

/// Signs in with a chain of this member alone.
fn sign_in_with(
    string: &str,
    credential: &str,
    context: &Context,
    timeout: Duration,
) -> Result<Claims, Error> {
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
    let services = Services {
        http: Arc::clone(&context.services.http),
        prompts: Arc::clone(&context.services.prompts),
        ..Services::new(environment, Prompts::unseen())
    };
    let issued = context.with_connect_context(|connect_context| {
        let connect_context = ConnectContext {
            services: &services,
            ..*connect_context
        };
        let sign_in = KeywordSignIn::from_string(string, &connect_context)?;
        sign_in.token(None, Wait::until(Instant::now() + timeout), &connect_context)
    });
    issued.map(|issued| issued.token.claims())
}

/// Whether the member is not available here, unlike one that is available and fails.
fn is_absent(error: &Error) -> bool {
    // A chain of one member does not probe the managed identity first: no answer means that there is none.
    error.kind() == ErrorKind::Unavailable || error.may_be_absent()
}
