//! Kinds whose token the program has already.

use standins::playground::USER;

use super::Visit;
use crate::machine::Machine;

pub fn access_token(machine: Machine) -> Visit {
    let rest = format!("AccessToken={}", machine.user_token(USER));
    Visit::by_string(machine, &rest, USER)
}
