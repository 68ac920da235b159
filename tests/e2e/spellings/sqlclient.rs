//! SqlClient's, of .NET.

use std::time::Duration;

use standins::playground::{
    OTHER_PASSWORD, OTHER_USER, PAYROLL_CLIENT_ID, SQL_PASSWORD, SQL_USER, TENANT_ID,
};
use test_support::{
    browser::with_browser,
    connection_string::braced,
    login_name::{application, system_assigned, user_assigned},
    machine::Machine,
};

use super::{assert_works, filled};

#[test]
fn managed_identity() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &system_assigned(&machine),
        &[
            "Server=<server>; Authentication=Active Directory Managed Identity; Encrypt=True; Database=testdb",
            "Server=<server>; Authentication=Active Directory MSI; Encrypt=True; Database=testdb",
            "Data Source=<server>; Initial Catalog=testdb; Authentication=Active Directory Managed Identity; Encrypt=True",
        ],
    );
    assert_works(
        &machine,
        &user_assigned(&machine),
        &[
            "Server=<server>; Authentication=Active Directory Managed Identity; Encrypt=True; User Id=<identity>; Database=testdb",
            // Version 2.1 took the object id.
            "Server=<server>; Authentication=Active Directory MSI; Encrypt=True; User Id=<identity object>; Database=testdb",
            "Server=<server>; Authentication=Active Directory MSI; Encrypt=True; User Id=<identity resource>; Database=testdb",
        ],
    );
}

#[test]
fn default_as_the_documents_and_as_the_portal_write_it() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &system_assigned(&machine),
        &[
            "Server=<server>; Authentication=Active Directory Default; Encrypt=True; Database=testdb;",
            "Server=tcp:<server>;Initial Catalog=testdb;Encrypt=True;TrustServerCertificate=False;\
             Connection Timeout=30;Authentication=\"Active Directory Default\";",
            "Server=tcp:<server>;Initial Catalog=testdb;Persist Security Info=False;\
             MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;\
             Authentication=\"Active Directory Managed Identity\";",
        ],
    );
}

/// `User Id` is the client id of a user-assigned identity, or of the federated one.
#[test]
fn default_and_workload_identity_with_a_client_id() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &user_assigned(&machine),
        &[
            "Server=<server>; Authentication=Active Directory Default; Encrypt=True; User Id=<identity>; Database=testdb;",
        ],
    );
    let assertion = machine.playground.cluster_assertion(Duration::from_hours(1));
    let file = machine.file("token", &assertion);
    let machine = machine
        .with("AZURE_FEDERATED_TOKEN_FILE", file)
        .with("AZURE_TENANT_ID", TENANT_ID);
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "Server=<server>; Authentication=Active Directory Workload Identity; Encrypt=True; \
           User Id=<application>; Database=testdb",
        ],
    );
}

#[test]
fn service_principal_and_password() {
    let machine = Machine::new();
    assert_works(
        &machine,
        &application(PAYROLL_CLIENT_ID),
        &[
            "Server=<server>; Authentication=Active Directory Service Principal; Encrypt=True; Database=testdb; \
           User Id=<application>; Password=<secret>",
        ],
    );
    assert_works(
        &machine,
        OTHER_USER,
        &[
            "Server=<server>; Authentication=Active Directory Password; Encrypt=True; Database=testdb; \
           User Id=<user>; Password=<password>",
        ],
    );
}

#[test]
fn interactive_with_and_without_a_name() {
    let machine = with_browser(Machine::new(), OTHER_USER, OTHER_PASSWORD);
    assert_works(
        &machine,
        OTHER_USER,
        &[
            "Server=<server>; Authentication=Active Directory Interactive; Encrypt=True; Database=testdb; User Id=<user>",
            "Server=<server>; Authentication=Active Directory Interactive; Encrypt=True; Database=testdb",
        ],
    );
}

#[test]
fn logins_with_a_password_which_are_driver_18s_own() {
    let machine = Machine::new();
    let password = braced(SQL_PASSWORD);
    let string = format!(
        "Data Source=<server>; Initial Catalog=testdb; Authentication=Sql Password; Encrypt=True; \
         User ID={SQL_USER}; Password={password}"
    );
    let who = machine.pyodbc(&filled(&machine, &string));
    assert_eq!(who, SQL_USER);
    assert!(machine.playground.entra.token_requests().is_empty());
    assert_eq!(machine.playground.sql_server.logins()[0].database, "testdb");
}
