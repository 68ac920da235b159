//! Tokens that expire while a test runs, and the connections that outlast them.

use std::time::{Duration, SystemTime};

use standins::sql_server::Login;
use test_support::machine::Machine;

/// Waits until the tokens of all logins so far have expired.
///
/// Time itself is the event, so this sleeps.
pub fn wait_for_expiry(machine: &Machine) {
    let expiry = machine.accepted_logins().iter().filter_map(expiry).max().unwrap();
    // The claim is in whole seconds, and a token that expires in this very one may still be taken for valid.
    let over = expiry + Duration::from_millis(1100);
    if let Ok(left) = over.duration_since(SystemTime::now()) {
        std::thread::sleep(left);
    }
}

/// Waits until the tokens have expired that `processes` processes signed in with, and all have renewed theirs.
pub fn wait_for_renewal_and_expiry(machine: &Machine, processes: usize) {
    machine
        .playground
        .managed_identity
        .record()
        .wait_for(1 + processes);
    wait_for_expiry(machine);
}

/// When the token of a login expires.
fn expiry(login: &Login) -> Option<SystemTime> {
    let seconds = login.claims.as_ref()?["exp"].as_u64()?;
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Asserts that the sessions were restored with another token than the first, by as many logins as are expected.
pub fn assert_restored(machine: &Machine, before: usize, restored: usize) {
    let logins = machine.accepted_logins();
    assert_eq!(logins.len(), before + restored, "{logins:#?}");
    let first = logins[0].token.as_ref().unwrap();
    for login in &logins[before..] {
        assert!(login.reconnect, "restored, not opened anew: {login:#?}");
        assert_ne!(login.token.as_ref().unwrap(), first, "a renewed token");
    }
}
