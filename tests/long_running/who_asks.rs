//! Which hosts ask whether a connection is dead, and what they are told.

use std::process::Command;

use test_support::{
    connection_string::MSI, host_process::HostProcess, hosts::python, login_name::system_assigned,
    machine::Machine, process::finished,
};

use crate::token_lifetime::{wait_for_expiry, wait_for_renewal_and_expiry};

/// Connects through unixODBC, then says at each word whether the connection is dead and who it belongs to.
///
/// So does PHP for its persistent connections, and so do pools of other makers.
const ASKS: &str = "
import ctypes
odbc = ctypes.CDLL('libodbc.so.2')
def ok(code):
    assert code in (0, 1), code
environment, connection = ctypes.c_void_p(), ctypes.c_void_p()
ok(odbc.SQLAllocHandle(1, None, ctypes.byref(environment)))
ok(odbc.SQLSetEnvAttr(environment, 200, ctypes.c_void_p(3), 0))
ok(odbc.SQLAllocHandle(2, environment, ctypes.byref(connection)))
ok(odbc.SQLDriverConnect(connection, None, sys.argv[1].encode(), -3, None, 0, None, 0))
while True:
    dead = ctypes.c_uint32(7)
    ok(odbc.SQLGetConnectAttr(connection, 1209, ctypes.byref(dead), 0, None))
    statement, name = ctypes.c_void_p(), ctypes.create_string_buffer(200)
    ok(odbc.SQLAllocHandle(3, connection, ctypes.byref(statement)))
    ok(odbc.SQLExecDirect(statement, b'SELECT SUSER_SNAME()', -3))
    ok(odbc.SQLFetch(statement))
    ok(odbc.SQLGetData(statement, 1, 1, name, 200, None))
    ok(odbc.SQLFreeHandle(3, statement))
    say('dead' if dead.value else 'alive', name.value.decode())
    hear()
";

#[test]
fn a_connection_is_dead_once_its_token_has_ended_and_works_on_nevertheless() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = HostProcess::start(&machine, ASKS, &[&machine.string(MSI)]);
    assert_eq!(host.read_line(), format!("alive {}", system_assigned(&machine)));
    wait_for_expiry(&machine);
    host.write_line("again");
    assert_eq!(host.read_line(), format!("dead {}", system_assigned(&machine)));
}

#[test]
fn a_connection_that_the_driver_restored_with_a_renewed_token_is_still_told_dead() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = HostProcess::start(&machine, ASKS, &[&machine.string(MSI)]);
    host.read_line();
    wait_for_renewal_and_expiry(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    host.read_line();
    assert!(machine.accepted_logins()[1].reconnect);
    host.write_line("again");
    assert_eq!(host.read_line(), format!("dead {}", system_assigned(&machine)));
}

/// Driver 18 does not look; it restores the session when a statement comes.
#[test]
fn a_connection_whose_socket_is_lost_is_told_alive() {
    let machine = Machine::new();
    let mut host = HostProcess::start(&machine, ASKS, &[&machine.string(MSI)]);
    let alive = host.read_line();
    // Restored is what was idle for 5 ms; the next login shows that more than that has passed.
    machine.pyodbc(&machine.string(MSI));
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), alive);
    assert!(machine.accepted_logins()[2].reconnect);
}

#[test]
fn a_keyword_has_it_told_alive() {
    let machine = Machine::with_short_lived_tokens();
    let string = machine.string(&format!("{MSI}TokenExpiryIsDead=no;"));
    let mut host = HostProcess::start(&machine, ASKS, &[&string]);
    host.read_line();
    wait_for_expiry(&machine);
    host.write_line("again");
    assert_eq!(host.read_line(), format!("alive {}", system_assigned(&machine)));
}

#[test]
fn a_connection_is_dead_once_its_string_leads_to_someone_else_and_works_on() {
    let machine = Machine::new();
    for rest in ["", "TokenExpiryIsDead=no;"] {
        let file = machine.file("token", &machine.user_token("ada@contoso.com"));
        let string = machine.string(&format!("AccessTokenFile={file};{rest}"));
        let mut host = HostProcess::start(&machine, ASKS, &[&string]);
        assert_eq!(host.read_line(), "alive ada@contoso.com", "{rest}");
        machine.file("token", &machine.user_token("grace@contoso.com"));
        host.write_line("again");
        assert_eq!(host.read_line(), "dead ada@contoso.com", "{rest}");
    }
}

/// Logged in with a token, Driver 18.6 asks the server, and while results are unread it answers with its question.
///
/// PHP takes `SQL_SUCCESS_WITH_INFO` for a lost connection.
#[test]
fn driver_18_with_a_token_cannot_say_whether_the_database_is_read_only_while_results_are_unread() {
    let machine = Machine::new();
    let program = "
import ctypes, struct, sys
odbc = ctypes.CDLL('libodbc.so.2')
token = sys.argv[2].encode('utf-16-le')
token = ctypes.create_string_buffer(struct.pack('<I', len(token)) + token)
environment, connection, statement = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
odbc.SQLAllocHandle(1, None, ctypes.byref(environment))
odbc.SQLSetEnvAttr(environment, 200, ctypes.c_void_p(3), 0)
odbc.SQLAllocHandle(2, environment, ctypes.byref(connection))
odbc.SQLSetConnectAttr(connection, 1256, token, -4)
assert odbc.SQLDriverConnect(connection, None, sys.argv[1].encode(), -3, None, 0, None, 0) in (0, 1)
odbc.SQLAllocHandle(3, connection, ctypes.byref(statement))
assert odbc.SQLExecDirect(statement, b'SELECT SUSER_SNAME()', -3) == 0
answer = ctypes.create_string_buffer(32)
print(odbc.SQLGetInfo(connection, 25, answer, 32, None), answer.value.decode())
";
    let token = machine.user_token("ada@contoso.com");
    let answers = [machine.bare_string(""), machine.string("")]
        .map(|string| finished(&machine.python(program, &[&string, &token]), &string));
    assert!(answers[0].starts_with("1 SELECT CASE"), "{answers:?}");
    assert_eq!(answers[0], answers[1]);
}

/// Whether a program asks for attribute 1209, by the driver manager's trace of its calls.
fn asks(command: impl FnOnce(&Machine) -> Command) -> bool {
    let machine = Machine::new();
    let trace = machine.path("trace");
    let ini = machine.read("odbcinst.ini");
    let ini = format!("[ODBC]\nTrace=Yes\nTraceFile={}\n\n{ini}", trace.display());
    machine.register(&ini);
    finished(&command(&machine).output().unwrap(), "the host");
    let trace = String::from_utf8_lossy(&std::fs::read(trace).unwrap()).into_owned();
    assert!(trace.contains("SQLDriverConnect"), "{trace}");
    trace.contains("Attribute = 1209")
}

fn program(host: &str, arguments: &[&str]) -> bool {
    asks(|machine| {
        let mut command = machine.command(host);
        command.args(arguments).arg(machine.string(MSI));
        command
    })
}

#[test]
fn of_the_hosts_here_only_phps_persistent_connections_ask() {
    let pconnect = "for ($i = 0; $i < 2; $i++) { $c = odbc_pconnect($argv[1], '', ''); unset($c); }";
    assert!(program("php", &["-r", pconnect, "--"]));
    let pdo = "for ($i = 0; $i < 2; $i++) {
        $c = new PDO(\"odbc:$argv[1]\", null, null, [PDO::ATTR_PERSISTENT => true]); unset($c); }";
    assert!(program("php", &["-r", pdo, "--"]));

    let connect = "odbc_connect($argv[1], '', ''); odbc_connect($argv[1], '', '');";
    assert!(!program("php", &["-r", connect, "--"]));
    let rodbc =
        "library(RODBC); channel <- odbcDriverConnect(commandArgs(TRUE)[1]); sqlQuery(channel, 'SELECT 1');
        channel; odbcGetInfo(channel); odbcClose(channel)";
    assert!(!program("Rscript", &["--vanilla", "-e", rodbc]));
    let dbi = "for (1, 2) { DBI->connect_cached(\"dbi:ODBC:$ARGV[0]\", undef, undef, {RaiseError => 1})->ping or die }";
    assert!(!program("perl", &["-MDBI", "-e", dbi]));
    let pyodbc =
        "import pyodbc, sys\nfor _ in range(2): pyodbc.connect(sys.argv[1]).execute('SELECT 1').fetchval()";
    assert!(!program(&python(), &["-c", pyodbc]));
}
