//! The token of a connection string, and whether it fits the server.

use super::{
    finding::{Check, Findings},
    network::on_runtime,
    target::Target,
};
use crate::{
    context::Session,
    ui::{failure::Failure, progress, time_format},
};
use entra_odbc_core::{Error, KeywordSignIn, Token, server::AZURE_SQL, token::Deadline};
use std::{
    io,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use uuid::Uuid;

/// A token that ends sooner than this is hardly of use.
const SHORT: Duration = Duration::from_mins(5);

/// Reads who signs in; `None` where that is Driver 18's own business.
pub fn read(target: &Target, session: &Session) -> Result<Option<KeywordSignIn>, Error> {
    if !target.is_ours {
        return Ok(None);
    }
    session
        .with_surroundings(|around| KeywordSignIn::from_string(&target.string, around))
        .map(Some)
}

/// Gets the token, and holds it against the server.
pub fn look(
    sign_in: &KeywordSignIn,
    target: &Target,
    session: &Session,
    timeout: Duration,
    findings: &mut Findings,
) -> Result<Option<Arc<Token>>, Failure> {
    let issued = match session.token(sign_in, None, timeout) {
        Ok(issued) => issued,
        Err(error) => {
            findings.error(Check::SignIn, &error)?;
            return Ok(None);
        }
    };
    let token = issued.token;
    findings.ok(
        Check::SignIn,
        format!(
            "{} signs in as {}, in {} ms",
            sign_in.mode(),
            token.claims(),
            issued.waited.as_millis()
        ),
    )?;
    claims(&token, sign_in.scope(), findings)?;
    tenant(&token, sign_in, target, session, timeout, findings)?;
    Ok(Some(token))
}

/// Whether the token is for this kind of server, and for how long.
fn claims(token: &Token, scope: &str, findings: &mut Findings) -> io::Result<()> {
    let resource = |text: &str| {
        text.trim_end_matches("/.default")
            .trim_end_matches('/')
            .to_ascii_lowercase()
    };
    let wanted = resource(scope);
    let audience = token.claims().aud;
    if let Some(audience) = &audience {
        let fits = resource(audience) == wanted || audience.eq_ignore_ascii_case(AZURE_SQL);
        if !fits {
            return findings.failure(
                Check::Token,
                format!("the token is for {audience}, and the server takes tokens for {wanted}"),
                "a token is good for one audience only",
                "Remove Scope=, or get the token for Azure SQL: entra-odbc token --resource sql",
            );
        }
    }
    let left = token
        .expires_on
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    let ends = time_format::rfc3339(token.expires_on);
    let audience = audience.unwrap_or_else(|| "an audience that it does not tell".to_owned());
    if left.is_zero() {
        let next = "Get a new one; a token given by AccessToken= is not renewed.";
        return findings.failure(Check::Token, format!("the token has ended at {ends}"), "", next);
    }
    let text = format!(
        "for {audience}, until {ends} ({} left)",
        time_format::duration(left)
    );
    if left < SHORT {
        return findings.warning(
            Check::Token,
            text,
            "it will end soon, and reconnects with it fail then",
            "Get a new one, or use a kind of sign-in that renews its tokens.",
        );
    }
    findings.ok(Check::Token, text)
}

/// Whether the token is of the tenant that the server asks for.
fn tenant(
    token: &Token,
    sign_in: &KeywordSignIn,
    target: &Target,
    session: &Session,
    timeout: Duration,
    findings: &mut Findings,
) -> Result<(), Failure> {
    if target.server.is_none() {
        return Ok(());
    }
    let deadline = Deadline::at(Instant::now() + timeout);
    let told = progress::waiting("Asking the server for its tenant", || {
        on_runtime(sign_in.tenant_of_server(&session.environment, &deadline))
    })?;
    let mine = token.claims().tid;
    match (told, mine) {
        (None, _) => findings.skipped(
            Check::Tenant,
            "the server's port is not known, so it was not asked",
        )?,
        (Some(Err(error)), _) => {
            let [what, _, detail] = error.words();
            findings.warning(
                Check::Tenant,
                "the server does not tell its tenant",
                format!("{what} {detail}"),
                "Name the tenant with TenantId=… where a sign-in needs it.",
            )?;
        }
        (Some(Ok(servers)), Some(mine)) if differ(&servers, &mine) => findings.failure(
            Check::Tenant,
            format!("the token is of tenant {mine}, and the server belongs to {servers}"),
            "a server takes tokens of its own tenant only, those of guests included",
            format!("Sign in there: TenantId={servers}"),
        )?,
        (Some(Ok(servers)), _) => findings.ok(Check::Tenant, format!("the server belongs to {servers}"))?,
    }
    Ok(())
}

/// Two ids that are not the same; a domain's name may stand for any id.
fn differ(one: &str, other: &str) -> bool {
    match (Uuid::parse_str(one), Uuid::parse_str(other)) {
        (Ok(one), Ok(other)) => one != other,
        _ => false,
    }
}
