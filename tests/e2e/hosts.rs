//! The hosts that people use, each connecting by connection string or data source alone.

use std::os::unix::process::{CommandExt, ExitStatusExt};

use standins::playground::{PAYROLL_CLIENT_ID, PAYROLL_SECRET, TENANT_ID};
use test_support::{
    connection_string::sql_login,
    login_name::{application, identity_field, system_assigned, user_assigned},
    machine::Machine,
    process::finished,
    registration::DRIVER,
};

use crate::script_host::compile;

const WHO: &str = "SELECT SUSER_SNAME()";

#[test]
fn isql_with_a_string() {
    let machine = Machine::new();
    let answer = machine.isql(&machine.string("Authentication=ActiveDirectoryMsi"), WHO);
    assert_eq!(answer, system_assigned(&machine));
}

#[test]
fn isql_with_a_data_source_that_says_who_signs_in() {
    let machine = Machine::new();
    machine.write_ini(
        "odbc.ini",
        &format!(
            "[payroll]\nDriver={DRIVER}\nServer=localhost,{port}\nAuthentication=ActiveDirectoryMsi\nTrusted_Connection=yes\n\
             \n[reports]\nDriver={DRIVER}\nServer=localhost,{port}\nAuthentication=ActiveDirectoryMsi\nClientId={id}\n",
            port = machine.playground.sql_server.port(),
            id = identity_field(&machine, "user_assigned", "client_id"),
        ),
    );
    assert_eq!(machine.isql_with(&["payroll"], WHO), system_assigned(&machine));
    assert_eq!(machine.isql_with(&["reports"], WHO), user_assigned(&machine));
}

#[test]
fn isql_with_a_data_source_and_the_application_as_user() {
    let machine = Machine::new();
    machine.write_ini(
        "odbc.ini",
        &format!(
            "[payroll]\nDriver={DRIVER}\nServer=localhost,{}\nAuthentication=ActiveDirectoryServicePrincipal\nTenantId={TENANT_ID}\n",
            machine.playground.sql_server.port(),
        ),
    );
    let answer = machine.isql_with(&["payroll", PAYROLL_CLIENT_ID, PAYROLL_SECRET], WHO);
    assert_eq!(answer, application(PAYROLL_CLIENT_ID));
}

#[test]
fn isql_with_a_file_data_source() {
    let machine = Machine::new();
    let file = machine.file(
        "payroll.dsn",
        &format!(
            "[ODBC]\nDRIVER={DRIVER}\nSERVER=localhost,{}\nAuthentication=ActiveDirectoryMsi\n",
            machine.playground.sql_server.port()
        ),
    );
    let answer = machine.isql(&format!("FILEDSN={file}"), WHO);
    assert_eq!(answer, system_assigned(&machine));
}

#[test]
fn pyodbc_with_a_registered_name_a_path_and_a_data_source() {
    let machine = Machine::new();
    let machine = machine.with(
        "ENTRA_ODBC_DRIVER",
        test_support::drivers::real_driver().to_str().unwrap(),
    );
    machine.write_ini(
        "odbc.ini",
        &format!(
            "[payroll]\nDriver={DRIVER}\nServer=localhost,{}\n",
            machine.playground.sql_server.port()
        ),
    );
    let path = test_support::drivers::built_library();
    for string in [
        machine.string("Authentication=ActiveDirectoryMsi"),
        format!(
            "DRIVER={};{}Authentication=ActiveDirectoryMsi",
            path.display(),
            machine.server()
        ),
        "DSN=payroll;Authentication=ActiveDirectoryMsi".to_owned(),
    ] {
        assert_eq!(machine.pyodbc(&string), system_assigned(&machine), "{string}");
    }
}

#[test]
fn sqlalchemy_by_its_url_although_it_adds_trusted_connection() {
    let machine = Machine::new();
    let program = "
import sqlalchemy, sys
engine = sqlalchemy.create_engine(sys.argv[1])
for _ in range(2):
    with engine.connect() as connection:
        print(connection.execute(sqlalchemy.text('SELECT SUSER_SNAME()')).scalar())
    engine.dispose()
";
    let url = format!(
        "mssql+pyodbc://@localhost:{}/master?driver={}&Authentication=ActiveDirectoryMsi",
        machine.playground.sql_server.port(),
        DRIVER.replace(' ', "+"),
    );
    let answer = finished(&machine.python(program, &[&url]), "SQLAlchemy");
    let who = system_assigned(&machine);
    assert_eq!(answer, format!("{who}\n{who}"));
}

#[test]
fn a_program_that_sets_the_token_itself_as_people_do_today() {
    let machine = Machine::new();
    let program = "
import pyodbc, struct, sys
token = sys.argv[2].encode('utf-16-le')
struct_ = struct.pack(f'<I{len(token)}s', len(token), token)
connection = pyodbc.connect(sys.argv[1], attrs_before={1256: struct_})
print(connection.execute('SELECT SUSER_SNAME()').fetchval())
";
    let token = machine.user_token("ada@contoso.com");
    for rest in [
        "",
        "Trusted_Connection=Yes;",
        "UID=;PWD=;",
        "Authentication=ActiveDirectoryMsi;",
    ] {
        let answer = machine.python(program, &[&machine.string(rest), &token]);
        assert_eq!(finished(&answer, rest), "ada@contoso.com");
    }
    let requests = machine.playground.managed_identity.record().requests();
    assert!(requests.is_empty(), "the host's own token wins: {requests:?}");
}

#[test]
fn a_c_program_that_knows_only_libodbc() {
    let machine = Machine::new();
    let program = compile("plain.c", &["-lodbc"]);
    let string = machine.string("Authentication=ActiveDirectoryMsi");
    let output = machine.command(program).arg(&string).output().unwrap();
    assert_eq!(finished(&output, "plain.c"), system_assigned(&machine));
}

/// As Node.js has one, and many a program that is linked statically: with Driver 18 alone they crash.
#[test]
fn a_program_with_an_openssl_of_its_own() {
    let machine = Machine::new();
    let program = compile("own_openssl.c", &["-rdynamic", "-lodbc"]);
    // By its name alone, which is all that the loader then knows of it.
    let connect = |string: &str| {
        let mut command = machine.command(&program);
        command.arg0("own_openssl").arg(string).output().unwrap()
    };
    let alone = connect(&machine.bare_string(&sql_login()));
    assert!(alone.status.signal().is_some(), "{alone:?}");
    let output = connect(&machine.string("Authentication=ActiveDirectoryMsi"));
    assert_eq!(finished(&output, "own_openssl.c"), system_assigned(&machine));
}

#[test]
fn a_rust_program_on_odbc_api() {
    let machine = Machine::new();
    // Beside the library, where `cargo build --workspace` puts it; `make test` does that first.
    let program = test_support::drivers::built_library().with_file_name("client");
    let string = machine.string("Authentication=ActiveDirectoryMsi");
    let output = machine.command(program).args([&string, WHO]).output().unwrap();
    assert_eq!(finished(&output, "client"), system_assigned(&machine));
}
