//! What a call for a token answers with, and its line in the log.

use super::{Found, Issued, Source};
use crate::{Error, credential::SignIn, process::log::Milliseconds, token::Moment};
use std::time::{Duration, Instant, SystemTime};
use tracing::info;

/// The answer to a call that began at `start`, which is logged.
pub fn issued(sign_in: &SignIn, found: Result<Found, Error>, start: Moment) -> Result<Issued, Error> {
    let issued = found
        .map(
            |Found {
                 token,
                 source,
                 prompted,
             }| Issued {
                // The clock is read only after a wait: a cached token costs no system call.
                waited: match source {
                    Source::Given | Source::Cached => Duration::ZERO,
                    Source::Requested | Source::Waited => start.steady.elapsed(),
                },
                token,
                source,
                prompted,
            },
        )
        .map_err(|error| error.in_mode(sign_in.mode));
    report(sign_in, &issued, start.steady);
    issued
}

/// One line per decision; the claims are decoded only if someone reads them.
fn report(sign_in: &SignIn, issued: &Result<Issued, Error>, start: Instant) {
    if !tracing::enabled!(target: "entra_odbc", tracing::Level::INFO) {
        return;
    }
    let took = Milliseconds(start.elapsed());
    match issued {
        Ok(issued) => {
            let left = issued
                .token
                .expires_on
                .duration_since(SystemTime::now())
                .unwrap_or_default();
            info!(
                target: "entra_odbc",
                event = "token_acquired", mode = sign_in.mode,
                who = sign_in.who,
                identity = ?sign_in.key,
                source = issued.source.name(),
                ms = %took,
                expires_in_s = left.as_secs(),
                principal = %issued.token.claims()
            );
        }
        Err(error) => info!(
            target: "entra_odbc",
            event = "token_failed", mode = sign_in.mode,
            who = sign_in.who,
            identity = ?sign_in.key,
            ms = %took,
            kind = error.kind().name(),
            %error
        ),
    }
}
