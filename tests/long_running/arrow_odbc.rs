//! arrow-odbc for Python: batches of rows as Arrow arrays.

use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET};
use test_support::{
    connection_string::MSI,
    login_name::{application, system_assigned},
    machine::Machine,
    process::finished,
};

#[test]
fn batches_by_a_string_alone() {
    let machine = Machine::new();
    let program = "
import arrow_odbc, sys
for _ in range(3):
    reader = arrow_odbc.read_arrow_batches_from_odbc('SELECT SUSER_SNAME() AS who', connection_string=sys.argv[1])
    print(*(row for batch in reader for row in batch.to_pydict()['who']))
";
    let output = machine.python(program, &[&machine.string(MSI)]);
    assert_eq!(
        finished(&output, "arrow-odbc"),
        vec![system_assigned(&machine); 3].join("\n")
    );
    assert_eq!(
        (
            machine.accepted_logins().len(),
            machine.managed_identity_requests()
        ),
        (3, 1)
    );
}

/// User and password may come beside the string, and then stand in it when it arrives.
#[test]
fn an_application_whose_secret_comes_beside_the_string() {
    let machine = Machine::new();
    let program = "
import arrow_odbc, sys
reader = arrow_odbc.read_arrow_batches_from_odbc(
    'SELECT SUSER_SNAME() AS who', connection_string=sys.argv[1], user=sys.argv[2], password=sys.argv[3])
print(next(iter(reader)).to_pydict()['who'][0])
";
    let string = machine.string("Authentication=ActiveDirectoryServicePrincipal;");
    let output = machine.python(program, &[&string, PAYROLL_CLIENT_ID, PAYROLL_SECRET]);
    assert_eq!(finished(&output, "arrow-odbc"), application(PAYROLL_CLIENT_ID));
}
