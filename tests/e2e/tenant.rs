//! Sign-ins that nobody named a tenant for: the server says it.

use standins::{
    playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET},
    sql_server::{Login, Outcome},
};
use std::time::Duration;

use test_support::{connection_string::braced, login_name::application, machine::Machine, process::finished};

fn without_tenant() -> String {
    format!(
        "Authentication=ActiveDirectoryServicePrincipal;UID={PAYROLL_CLIENT_ID};PWD={};",
        braced(PAYROLL_SECRET)
    )
}

#[test]
fn a_service_principal_signs_in_in_the_tenant_of_the_server_which_is_asked_once() {
    let machine = Machine::new();
    let program = "
import pyodbc, sys
pyodbc.pooling = False
who = {pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval() for _ in range(5)}
print(*who)
";
    let output = machine.python(program, &[&machine.string(&without_tenant())]);
    assert_eq!(finished(&output, "pyodbc"), application(PAYROLL_CLIENT_ID));
    let sql_server = &machine.playground.sql_server;
    let abandoned = |login: &Login| matches!(login.outcome, Outcome::Abandoned);
    // The server sees the end of it a little later than the one who leaves.
    let probe = sql_server.wait_for_login(Duration::from_secs(30), abandoned);
    assert!(probe.is_some());
    let logins = sql_server.logins();
    let probes = logins.iter().filter(|login| abandoned(login)).count();
    assert_eq!((probes, logins.len()), (1, 6), "{logins:?}");
}

#[test]
fn drivers_own_keywords_for_the_certificate_hold_for_the_question_as_well() {
    let machine = Machine::new().with("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt");
    let error = machine.pyodbc_error(&machine.string(&without_tenant()));
    assert!(error.contains("08001") && error.contains("TenantId="), "{error}");
}
