//! The same statements through the library and through the bare driver: the same answers and records.

use standins::playground::SQL_USER;
use test_support::{
    connection_string::sql_login,
    machine::Machine,
    process::finished,
    registration::{DRIVER, STOCK_DRIVER},
};

use crate::script_host::ScriptHost as _;

/// What a host does all day, printed: results, types, records, information.
const STATEMENTS: &str = r"
import pyodbc, sys, decimal, datetime
pyodbc.pooling = False
def show(*values): print(*[repr(value) for value in values])
connection = pyodbc.connect(sys.argv[1])
cursor = connection.cursor()
def run(sql, *parameters):
    try:
        cursor.execute(sql, *parameters)
        while True:
            show(cursor.description and [(c[0], c[1].__name__, c[3]) for c in cursor.description], cursor.rowcount)
            if cursor.description: show(cursor.fetchall())
            if not cursor.nextset(): break
    except pyodbc.Error as error:
        show(type(error).__name__, error.args)
for sql in ['SELECT 1', 'SELECT 1 AS a, N''x'' AS b, NULL AS c', 'SELECT SUSER_SNAME()', 'SELECT @@VERSION', 'SELECT nonsense FROM nowhere', 'gibberish', 'SELECT DB_NAME()', '']:
    run(sql)
for value in [7, -1, 'ümläut', '', None, 1.5, True, b'\x00\x01', 2**40]:
    run('SELECT ?', value)
run('SELECT ?', 1, 2)
run('SELECT TOP (5) n FROM standin.ints')
run('SELECT TOP (3) * FROM standin.pairs')
connection.autocommit = True
run('SELECT 2')
connection.autocommit = False
run('SELECT 3'); connection.commit(); run('SELECT 4'); connection.rollback()
for name in ['SQL_DBMS_NAME', 'SQL_DBMS_VER', 'SQL_DRIVER_NAME', 'SQL_DRIVER_VER', 'SQL_DRIVER_ODBC_VER', 'SQL_IDENTIFIER_QUOTE_CHAR', 'SQL_MAX_CONCURRENT_ACTIVITIES', 'SQL_TXN_CAPABLE', 'SQL_GETDATA_EXTENSIONS']:
    show(name, connection.getinfo(getattr(pyodbc, name)))
connection.close()
try: connection.execute('SELECT 1')
except pyodbc.Error as error: show(error.args)
";

#[test]
fn pyodbc_sees_no_difference_for_a_sql_login() {
    let machine = Machine::new();
    let run = |string: String| finished(&machine.python(STATEMENTS, &[&string]), "pyodbc");
    let bare = run(machine.bare_string(&sql_login()));
    assert!(bare.contains(SQL_USER) && bare.lines().count() > 40, "{bare}");
    assert_eq!(run(machine.string(&sql_login())), bare);
}

#[test]
fn pyodbc_sees_no_difference_for_a_sign_in_but_the_name() {
    let machine = Machine::new();
    let run = |string: String| finished(&machine.python(STATEMENTS, &[&string]), "pyodbc");
    let bare = run(machine.bare_string(&sql_login()));
    let token = machine.user_token("ada@contoso.com");
    let ours = run(machine.string(&format!("AccessToken={token}")));
    assert_eq!(ours.replace("ada@contoso.com", SQL_USER), bare);
}

#[test]
fn refusals_of_the_driver_and_the_server_arrive_as_they_are() {
    let machine = Machine::new();
    for rest in [
        format!("UID={SQL_USER};PWD=wrong"),
        "UID=nobody;PWD=x;Nonsense=1".to_owned(),
        "Trusted_Connection=no".to_owned(),
        format!("{}Encrypt=maybe", sql_login()),
        format!("{}Database=absent", sql_login()),
    ] {
        let outcome = |string: String| {
            let output = machine.script_output(&[
                "--keep-going",
                &format!("connect:{string}"),
                "diag",
                "diagfield:0:2",
            ]);
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        assert_eq!(
            outcome(machine.string(&rest)),
            outcome(machine.bare_string(&rest)),
            "{rest}"
        );
    }
}

#[test]
fn the_completed_string_of_a_sql_login_is_the_drivers_own() {
    let machine = Machine::new();
    for capacity in [1024, 40, 1, 0] {
        let completed =
            |string: String| machine.script(&[&format!("connect-out:{capacity}:{string}"), "diag"]);
        let ours = completed(machine.string(&sql_login()));
        let bare = completed(machine.bare_string(&sql_login()));
        if capacity >= 1024 {
            assert_eq!(
                ours.replace(DRIVER, STOCK_DRIVER),
                lengths_apart(&ours, &bare),
                "{capacity}"
            );
        } else {
            assert_eq!(
                ours.lines().next().map(code),
                bare.lines().next().map(code),
                "{capacity}"
            );
        }
    }
}

fn code(line: &str) -> String {
    line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// The bare driver's output with the length that ours has, which differs by the driver's name.
fn lengths_apart(ours: &str, bare: &str) -> String {
    let length = |text: &str| text.split_whitespace().nth(2).unwrap_or_default().to_owned();
    bare.replacen(&length(bare), &length(ours), 1)
}
