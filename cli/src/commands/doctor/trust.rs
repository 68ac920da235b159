//! Whether a token may go to the server at all.

use super::{
    finding::{Check, Findings},
    target::Target,
};
use crate::context::Session;
use entra_odbc_core::plan;
use std::io;
use zeroize::Zeroizing;

/// Tells what a connect would decide; false where it would be refused, and all that follows with it.
pub fn look(target: &Target, session: &Session, findings: &mut Findings) -> io::Result<bool> {
    // Without a server there is a finding of that already.
    if !target.is_ours || target.server.is_none() {
        return Ok(true);
    }
    let units: Zeroizing<Vec<u16>> = Zeroizing::new(target.string.encode_utf16().collect());
    match session.with_surroundings(|around| plan::decide(&units, around)) {
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
