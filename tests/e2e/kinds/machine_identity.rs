//! Kinds that take what the machine itself offers.

use super::{Visit, application_name};
use crate::machine::Machine;

pub fn managed_identity(machine: Machine) -> Visit {
    system_assigned(machine, "Authentication=ActiveDirectoryMsi")
}

pub fn default_chain(machine: Machine) -> Visit {
    system_assigned(machine, "Authentication=ActiveDirectoryDefault")
}

fn system_assigned(machine: Machine, rest: &str) -> Visit {
    let description = machine.playground.description();
    let client_id = description["system_assigned"]["client_id"].as_str().unwrap();
    Visit::by_string(machine, rest, application_name(client_id))
}
