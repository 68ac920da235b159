//! Python's worker processes, made by fork, each with a connection that it keeps.

use test_support::{
    connection_string::MSI, host_process::HostProcess, login_name::system_assigned, machine::Machine,
};

use crate::token_lifetime::{assert_restored, wait_for_renewal_and_expiry};

const WORKERS: usize = 4;

#[test]
fn forked_workers_keep_their_connections_past_the_tokens_end() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = HostProcess::start(
        &machine,
        "
import multiprocessing
workers = int(sys.argv[2])
fork = multiprocessing.get_context('fork')
# Nobody takes a second task before everyone has one.
everyone = fork.Barrier(workers)
def start():
    global connection
    connection = pyodbc.connect(sys.argv[1], autocommit=True)
def who(_):
    everyone.wait(60)
    return connection.execute('SELECT SUSER_SNAME()').fetchval(), os.getpid()
parents = pyodbc.connect(sys.argv[1])
with fork.Pool(workers, start) as pool:
    while True:
        answers = pool.map(who, range(workers), 1)
        say(len({pid for _, pid in answers}), *{name for name, _ in answers})
        hear()
",
        &[&machine.string(MSI), &WORKERS.to_string()],
    );
    let all = format!("{WORKERS} {}", system_assigned(&machine));
    assert_eq!(host.read_line(), all);
    assert_eq!(machine.managed_identity_requests(), 1, "the parent's");
    assert_eq!(machine.accepted_logins().len(), 1 + WORKERS);
    wait_for_renewal_and_expiry(&machine, 1 + WORKERS);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), all);
    assert_restored(&machine, 1 + WORKERS, WORKERS);
}
