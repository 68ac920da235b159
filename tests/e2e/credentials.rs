//! Each authentication mode, seen by the server, on the real driver.

use standins::playground::{PAYROLL_CLIENT_ID, TENANT_ID};
use test_support::{
    connection_string::payroll,
    login_name::{application, identity_field, system_assigned, user_assigned},
    machine::Machine,
    process::finished,
};

#[test]
fn a_service_principal_signs_in_with_its_secret() {
    let machine = Machine::new();
    let who = machine.pyodbc(&machine.string(&payroll()));
    assert_eq!(who, application(PAYROLL_CLIENT_ID));
}

#[test]
fn a_service_principals_tenant_may_stand_behind_its_id_and_its_secret_in_a_file() {
    let machine = Machine::new();
    let secret = machine.file("secret", standins::playground::PAYROLL_SECRET);
    let who = machine.pyodbc(&machine.string(&format!(
        "Authentication=ServicePrincipal;User ID={PAYROLL_CLIENT_ID}@{TENANT_ID};ClientSecretFile={secret}"
    )));
    assert_eq!(who, application(PAYROLL_CLIENT_ID));
}

#[test]
fn the_system_assigned_identity_needs_no_more_than_the_mode() {
    let machine = Machine::new();
    let expected = system_assigned(&machine);
    for spelling in [
        "ActiveDirectoryMsi",
        "Active Directory Managed Identity",
        "managed-identity",
    ] {
        let who = machine.pyodbc(&machine.string(&format!("Authentication={spelling}")));
        assert_eq!(who, expected);
    }
}

#[test]
fn a_user_assigned_identity_is_chosen_by_any_of_its_ids() {
    for through_app_service in [false, true] {
        let mut machine = Machine::new();
        if through_app_service {
            let endpoint = machine.playground.managed_identity.identity_endpoint();
            let header = machine.playground.managed_identity.identity_header().to_owned();
            machine = machine
                .with("IDENTITY_ENDPOINT", endpoint)
                .with("IDENTITY_HEADER", header);
        }
        let expected = user_assigned(&machine);
        for (keyword, field) in [
            ("UID", "client_id"),
            ("ClientId", "client_id"),
            ("UID", "object_id"),
            ("ObjectId", "object_id"),
            ("MsiResourceId", "resource_id"),
        ] {
            let id = identity_field(&machine, "user_assigned", field);
            let who =
                machine.pyodbc(&machine.string(&format!("Authentication=ActiveDirectoryMsi;{keyword}={id}")));
            assert_eq!(
                who, expected,
                "{keyword} = {field}, App Service: {through_app_service}"
            );
        }
    }
}

#[test]
fn a_token_is_taken_from_the_string_or_a_file() {
    let machine = Machine::new();
    let token = machine.user_token("ada@contoso.com");
    let file = machine.file("token", &format!("{token}\n"));
    for rest in [
        format!("AccessToken={token}"),
        format!("Authentication=ActiveDirectoryAccessToken;AccessToken={token}"),
        format!("AccessTokenFile={file}"),
        format!(
            "Authentication=ActiveDirectoryServicePrincipalAccessToken;AccessTokenFile={file};Trusted_Connection=Yes"
        ),
    ] {
        assert_eq!(
            machine.pyodbc(&machine.string(&rest)),
            "ada@contoso.com",
            "{rest}"
        );
    }
}

#[test]
fn a_token_file_is_read_anew_for_each_connect() {
    let machine = Machine::new();
    let file = machine.file("token", &machine.user_token("ada@contoso.com"));
    let other = machine.file("other", &machine.user_token("grace@contoso.com"));
    let program = "
import pyodbc, shutil, sys
pyodbc.pooling = True
who = lambda: pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval()
first = who()
shutil.copyfile(sys.argv[3], sys.argv[2])
print(first, who())
";
    let string = machine.string(&format!("AccessTokenFile={file}"));
    let output = machine.python(program, &[&string, &file, &other]);
    assert_eq!(finished(&output, "pyodbc"), "ada@contoso.com grace@contoso.com");
}

#[test]
fn one_identity_costs_one_request_however_often_and_at_once_it_connects() {
    let machine = Machine::new();
    let program = "
import pyodbc, sys, threading
pyodbc.pooling = False
who = set()
def connect():
    who.add(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval())
threads = [threading.Thread(target=connect) for _ in range(20)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
connect()
print(*who)
";
    let output = machine.python(program, &[&machine.string(&payroll())]);
    assert_eq!(finished(&output, "pyodbc"), application(PAYROLL_CLIENT_ID));
    let requests = machine.playground.entra.token_requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(machine.playground.sql_server.logins().len(), 21);
}
