//! Checks that a token may be sent to the server.

use super::finding::{Check, Findings};
use crate::{connection::Connection, context::Context};
use entra_odbc_core::connect::route;
use std::io;
use zeroize::Zeroizing;

/// Decides as a connect does; false where it would be refused, and nobody is to be asked for a token.
pub fn check(connection: &Connection, context: &Context, findings: &mut Findings) -> io::Result<bool> {
    // A missing server has a finding of its own.
    if !connection.is_ours || connection.server.is_none() {
        return Ok(true);
    }
    let units: Zeroizing<Vec<u16>> = Zeroizing::new(connection.string.encode_utf16().collect());
    match context.with_connect_context(|connect_context| route::decide(&units, connect_context)) {
        Ok(decision) => {
            let channel = decision.channel;
            let how = if channel.is_validated() {
                "over an encrypted connection, its certificate validated"
            } else {
                "as the string says, its certificate not validated"
            };
            findings.ok(
                Check::Trust,
                format!("a token may go to {}: {how}", channel.server),
            )?;
            Ok(true)
        }
        Err(error) => {
            findings.error(Check::Trust, &error)?;
            Ok(false)
        }
    }
}
