//! Who signs in, as connection strings say it and as the servers see it.

use standins::{
    playground::{SQL_PASSWORD, SQL_USER, TENANT_ID},
    sql_server::Login,
};

use crate::machine::Machine;

/// The machine's own identity.
pub const MSI: &str = "Authentication=ActiveDirectoryMsi;";

/// A login with a password, which is Driver 18's own.
pub fn sql_login() -> String {
    format!("UID={SQL_USER};PWD={};", braced(SQL_PASSWORD))
}

/// A value as a string takes it whatever is in it.
pub fn braced(value: &str) -> String {
    format!("{{{}}}", value.replace('}', "}}"))
}

/// The name by which SQL Server knows an application.
pub fn application(client_id: &str) -> String {
    format!("{client_id}@{TENANT_ID}")
}

/// The name by which SQL Server knows the machine's own identity.
pub fn identity(machine: &Machine) -> String {
    application(&id(machine, "system_assigned", "client_id"))
}

/// The name by which SQL Server knows the identity that a string has to name.
pub fn user_assigned(machine: &Machine) -> String {
    application(&id(machine, "user_assigned", "client_id"))
}

/// The `client_id`, `object_id` or `resource_id` of an identity, `system_assigned` or `user_assigned`.
pub fn id(machine: &Machine, identity: &str, field: &str) -> String {
    let description = machine.playground.description();
    description[identity][field].as_str().unwrap().to_owned()
}

/// How many token requests have reached the machine's own endpoint.
pub fn requests(machine: &Machine) -> usize {
    machine.playground.managed_identity.record().requests().len()
}

/// The logins so far, all of which were accepted.
pub fn logins(machine: &Machine) -> Vec<Login> {
    let logins = machine.playground.sql_server.logins();
    assert!(
        logins.iter().all(|login| login.identity().is_some()),
        "{logins:#?}"
    );
    logins
}
