//! unixODBC's pool in a process that forks: what it cannot do, with the bare driver as with ours.

use standins::playground::SQL_USER;
use test_support::{
    connection_string::{MSI, sql_login},
    login_name::system_assigned,
    machine::Machine,
    process::finished,
    registration::{STOCK_DRIVER, section},
};

/// Connects, gives the connection back, forks; then the child asks, and after its end the parent.
const PROGRAM: &str = "
import os, pyodbc, sys
# Says nothing to unixODBC, whose odbcinst.ini alone decides.
pyodbc.pooling = False
def ask():
    connection = pyodbc.connect(sys.argv[1].replace('$PID', str(os.getpid())))
    answer = connection.execute('SELECT SUSER_SNAME()').fetchval()
    connection.close()
    return answer
ask()
if not os.fork():
    print('child', ask(), flush=True)
    os._exit(0)
os.wait()
try:
    print('parent', ask())
except pyodbc.Error as error:
    print('parent', error.args[0])
";

fn forks(machine: &Machine, string: &str) -> String {
    finished(&machine.python(PROGRAM, &[string]), "python")
}

#[test]
fn a_child_is_given_the_parents_socket_and_breaks_it_whatever_the_driver() {
    let machine = Machine::new();
    machine.pool();
    let ini = machine.read("odbcinst.ini");
    let bare = section(STOCK_DRIVER, &test_support::drivers::real_driver());
    machine.register(&format!("{ini}\n{bare}CPTimeout=120\n"));

    let answers = forks(&machine, &machine.bare_string(&sql_login()));
    assert_eq!(answers, format!("child {SQL_USER}\nparent 08S01"));
    assert_eq!(machine.accepted_logins().len(), 1);

    let answers = forks(&machine, &machine.string(MSI));
    assert_eq!(
        answers,
        format!("child {}\nparent 08S01", system_assigned(&machine))
    );
}

/// The string is the key: one that names the process is nobody else's.
#[test]
fn a_string_that_names_the_process_keeps_the_sockets_apart() {
    let machine = Machine::new();
    machine.pool();
    let who = system_assigned(&machine);
    let answers = forks(&machine, &machine.string(&format!("{MSI}APP=worker $PID;")));
    assert_eq!(answers, format!("child {who}\nparent {who}"));
    assert_eq!(machine.accepted_logins().len(), 2, "the parent's was pooled");
    assert_eq!(machine.managed_identity_requests(), 1);
}

#[test]
fn without_the_pool_all_is_well() {
    let machine = Machine::new();
    let who = system_assigned(&machine);
    let answers = forks(&machine, &machine.string(MSI));
    assert_eq!(answers, format!("child {who}\nparent {who}"));
    assert_eq!(machine.accepted_logins().len(), 3);
    assert_eq!(machine.managed_identity_requests(), 1);
}
