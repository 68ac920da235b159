//! Code that people already have, as it stands in the documents: under the stock driver's name it goes on as it is.

use test_support::{
    login_name::system_assigned, machine::Machine, process::finished, registration::STOCK_DRIVER,
};

/// A machine on which the stock driver's name is ours.
fn taken_over() -> Machine {
    let machine = Machine::new();
    machine.take_the_stock_name();
    let log = machine.path("log").to_str().unwrap().to_owned();
    machine
        .with("ENTRA_ODBC_LOG", "debug")
        .with("ENTRA_ODBC_LOG_FILE", log)
}

/// Runs a program with these arguments; whoever it says the server saw is the machine's own identity.
fn assert_the_machine_signs_in(program: &str, argument: impl FnOnce(&Machine) -> String) {
    let machine = taken_over();
    let output = machine.python(program, &[&argument(&machine)]);
    assert_eq!(finished(&output, "python"), system_assigned(&machine));
    let log = machine.read("log");
    assert!(log.contains("event=driver_loaded"), "ours was between: {log}");
}

/// <https://learn.microsoft.com/azure/azure-sql/database/azure-sql-passwordless-migration-python>
#[test]
fn azure_identity_with_a_struct_and_attrs_before() {
    assert_the_machine_signs_in(
        "
import sys
import pyodbc, struct
from azure import identity

connection_string = sys.argv[1]

def get_conn():
    credential = identity.DefaultAzureCredential(exclude_interactive_browser_credential=False)
    token_bytes = credential.get_token('https://database.windows.net/.default').token.encode('UTF-16-LE')
    token_struct = struct.pack(f'<I{len(token_bytes)}s', len(token_bytes), token_bytes)
    SQL_COPT_SS_ACCESS_TOKEN = 1256  # This connection option is defined by microsoft in msodbcsql.h
    conn = pyodbc.connect(connection_string, attrs_before={SQL_COPT_SS_ACCESS_TOKEN: token_struct})
    return conn

print(get_conn().cursor().execute('SELECT SUSER_SNAME()').fetchone()[0])
",
        |machine| {
            format!(
                "Driver={{{STOCK_DRIVER}}};{}Database=master;Encrypt=yes;",
                machine.server()
            )
        },
    );
}

/// <https://docs.sqlalchemy.org/en/20/dialects/mssql.html#connecting-to-databases-with-access-tokens>
#[test]
fn sqlalchemy_with_its_documented_event() {
    assert_the_machine_signs_in(
        "
import sys
import struct
from sqlalchemy import create_engine, event
from sqlalchemy.engine.url import URL
from azure import identity

# Connection option for access tokens, as defined in msodbcsql.h
SQL_COPT_SS_ACCESS_TOKEN = 1256
TOKEN_URL = 'https://database.windows.net/'  # The token URL for any Azure SQL database

connection_string = sys.argv[1]

engine = create_engine(connection_string)

azure_credentials = identity.DefaultAzureCredential()

@event.listens_for(engine, 'do_connect')
def provide_token(dialect, conn_rec, cargs, cparams):
    # remove the 'Trusted_Connection' parameter that SQLAlchemy adds
    cargs[0] = cargs[0].replace(';Trusted_Connection=Yes', '')

    # create token credential
    raw_token = azure_credentials.get_token(TOKEN_URL).token.encode('utf-16-le')
    token_struct = struct.pack(f'<I{len(raw_token)}s', len(raw_token), raw_token)

    # apply it to keyword arguments
    cparams['attrs_before'] = {SQL_COPT_SS_ACCESS_TOKEN: token_struct}

with engine.connect() as connection:
    print(connection.exec_driver_sql('SELECT SUSER_SNAME()').scalar())
",
        |machine| {
            format!(
                "mssql+pyodbc://@localhost:{}/master?driver={}",
                machine.playground.sql_server.port(),
                STOCK_DRIVER.replace(' ', "+")
            )
        },
    );
}

/// A credential of one's own, in the shape of azure.core's, and an event that does not take `Trusted_Connection` out.
#[test]
fn a_credential_of_ones_own_for_each_connection_of_a_pool() {
    let machine = taken_over();
    let program = "
import struct, sys
from collections import namedtuple
import sqlalchemy
from sqlalchemy import event

AccessToken = namedtuple('AccessToken', 'token expires_on')

class Credential:
    def get_token(self, *scopes, **_):
        assert scopes == ('https://database.windows.net/.default',)
        return AccessToken(tokens.pop(0), 4102444800)

tokens = sys.argv[2:]
credential = Credential()
engine = sqlalchemy.create_engine(sys.argv[1], pool_size=2)

@event.listens_for(engine, 'do_connect')
def provide_token(dialect, record, arguments, parameters):
    token = credential.get_token('https://database.windows.net/.default').token.encode('utf-16-le')
    parameters['attrs_before'] = {1256: struct.pack(f'<I{len(token)}s', len(token), token)}

with engine.connect() as first, engine.connect() as second:
    for connection in first, second:
        print(connection.exec_driver_sql('SELECT SUSER_SNAME()').scalar())
";
    let url = format!(
        "mssql+pyodbc://@localhost:{}/master?driver={}",
        machine.playground.sql_server.port(),
        STOCK_DRIVER.replace(' ', "+")
    );
    let people = ["ada@contoso.com", "grace@contoso.com"];
    let tokens = people.map(|name| machine.user_token(name));
    let output = machine.python(program, &[&url, &tokens[0], &tokens[1]]);
    assert_eq!(finished(&output, "python"), people.join("\n"));
}
