//! Kinds that take what the machine itself offers.

use test_support::{login_name, machine::Machine};

use super::Visit;

pub fn managed_identity(machine: Machine) -> Visit {
    system_assigned(machine, "Authentication=ActiveDirectoryMsi")
}

pub fn default_chain(machine: Machine) -> Visit {
    system_assigned(machine, "Authentication=ActiveDirectoryDefault")
}

fn system_assigned(machine: Machine, rest: &str) -> Visit {
    let expected = login_name::system_assigned(&machine);
    Visit::by_string(machine, rest, expected)
}
