//! Checks of the sign-in: the token, its audience and lifetime, and the server's tenant.

use super::{
    finding::{Check, Findings},
    network::block_on,
};
use crate::{
    connection::Connection,
    context::Context,
    ui::{failure::Failure, input::semicolon, progress, time_format},
};
use entra_auth::{Token, cloud::AZURE_SQL, token::Deadline};
use entra_odbc_core::connect::KeywordSignIn;
use std::{
    io,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use uuid::Uuid;

/// A token that ends sooner is reported.
const MIN_LIFETIME: Duration = Duration::from_mins(5);

/// Gets the token, and checks that it fits the server.
pub fn check(
    sign_in: &KeywordSignIn,
    connection: &Connection,
    context: &Context,
    timeout: Duration,
    findings: &mut Findings,
) -> Result<Option<Arc<Token>>, Failure> {
    let issued = match context.token(sign_in, None, timeout) {
        Ok(issued) => issued,
        Err(error) => {
            if let Some(cause) = findings.cause_of(&error, sign_in.mode()) {
                findings.skipped(Check::SignIn, format!("no token, because of {}", cause.name()))?;
            } else {
                let [what, remedy, detail] = error.words();
                let next = [Some(remedy), semicolon::cut_secret(&connection.string)];
                let next: Vec<_> = next.into_iter().flatten().collect();
                findings.failure(Check::SignIn, what, detail, next.join("\n"))?;
            }
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
    tenant(&token, sign_in, connection, timeout, findings)?;
    Ok(Some(token))
}

/// Checks the audience and the lifetime of the token.
fn claims(token: &Token, scope: &str, findings: &mut Findings) -> io::Result<()> {
    let normalize = |text: &str| {
        text.trim_end_matches("/.default")
            .trim_end_matches('/')
            .to_ascii_lowercase()
    };
    let wanted = normalize(scope);
    let audience = token.claims().aud;
    if let Some(audience) = &audience {
        let fits = normalize(audience) == wanted || audience.eq_ignore_ascii_case(AZURE_SQL);
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
    if left < MIN_LIFETIME {
        return findings.warning(
            Check::Token,
            text,
            "it will end soon, and reconnects with it fail then",
            "Get a new one, or use an authentication mode that renews its tokens.",
        );
    }
    findings.ok(Check::Token, text)
}

/// Checks that the token is of the server's tenant.
fn tenant(
    token: &Token,
    sign_in: &KeywordSignIn,
    connection: &Connection,
    timeout: Duration,
    findings: &mut Findings,
) -> Result<(), Failure> {
    // A server that cannot be reached has a finding of its own.
    if connection.server.is_none() || findings.first_failed(&[Check::Server]).is_some() {
        return Ok(());
    }
    let deadline = Deadline::at(Instant::now() + timeout);
    let probed = progress::show_while("Asking the server for its tenant", || {
        block_on(sign_in.tenant_of_server(&deadline))
    })?;
    let token_tenant = token.claims().tid;
    match (probed, token_tenant) {
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
        (Some(Ok(server_tenant)), Some(token_tenant)) if are_different_ids(&server_tenant, &token_tenant) => {
            findings.failure(
                Check::Tenant,
                format!("the token is of tenant {token_tenant}, and the server belongs to {server_tenant}"),
                "a server takes tokens of its own tenant only, those of guests included",
                format!("Sign in there: TenantId={server_tenant}"),
            )?;
        }
        (Some(Ok(server_tenant)), _) => {
            findings.ok(Check::Tenant, format!("the server belongs to {server_tenant}"))?;
        }
    }
    Ok(())
}

/// Whether both are ids and differ; a domain name may belong to any id.
fn are_different_ids(one: &str, other: &str) -> bool {
    match (Uuid::parse_str(one), Uuid::parse_str(other)) {
        (Ok(one), Ok(other)) => one != other,
        _ => false,
    }
}
