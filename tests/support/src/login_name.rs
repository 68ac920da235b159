//! The names by which SQL Server knows who has signed in.

use standins::playground::TENANT_ID;

use crate::machine::Machine;

/// That of an application.
pub fn application(client_id: &str) -> String {
    format!("{client_id}@{TENANT_ID}")
}

/// That of the machine's own identity.
pub fn system_assigned(machine: &Machine) -> String {
    application(&identity_field(machine, "system_assigned", "client_id"))
}

/// That of the identity which a string has to name.
pub fn user_assigned(machine: &Machine) -> String {
    application(&identity_field(machine, "user_assigned", "client_id"))
}

/// The `client_id`, `object_id` or `resource_id` of an identity, `system_assigned` or `user_assigned`.
pub fn identity_field(machine: &Machine, identity: &str, field: &str) -> String {
    let description = machine.playground.description();
    description[identity][field].as_str().unwrap().to_owned()
}
