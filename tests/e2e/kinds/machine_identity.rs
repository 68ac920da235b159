//! Kinds that take what the machine itself offers.

use super::Visit;
use crate::{machine::Machine, who::identity};

pub fn managed_identity(machine: Machine) -> Visit {
    system_assigned(machine, "Authentication=ActiveDirectoryMsi")
}

pub fn default_chain(machine: Machine) -> Visit {
    system_assigned(machine, "Authentication=ActiveDirectoryDefault")
}

fn system_assigned(machine: Machine, rest: &str) -> Visit {
    let expected = identity(&machine);
    Visit::by_string(machine, rest, expected)
}
