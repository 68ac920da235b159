//! Tokens are renewed before they end, in the background and in open connections.

use std::time::{Duration, Instant};

use standins::{
    http::{Fault, Gate, Times},
    playground::PAYROLL_SECRET,
};
use test_support::{
    connection_string::{MSI, braced, payroll, sql_login},
    host_process::HostProcess,
    machine::Machine,
    process::finished,
};

#[test]
fn an_idle_connection_outlives_its_token_and_reconnects_with_a_renewed_one() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = HostProcess::start(
        &machine,
        "
connection = pyodbc.connect(sys.argv[1], autocommit=True)
say(connection.execute('SELECT SUSER_SNAME()').fetchval())
hear()
say(connection.execute('SELECT SUSER_SNAME()').fetchval())
",
        &[&machine.string(MSI)],
    );
    let who = host.read_line();
    let server = &machine.playground.sql_server;
    let first = server.logins().last().unwrap().token.clone().unwrap();
    // The third request is made 3.3 s after the second token came: the first one has ended by then.
    machine.playground.managed_identity.record().wait_for(3);
    server.drop_connections();
    host.write_line("go on");
    assert_eq!(host.read_line(), who);
    let logins = server.logins();
    assert_eq!(logins.len(), 2, "{logins:#?}");
    let again = logins.last().unwrap();
    assert!(again.reconnect, "restored, not opened anew");
    assert_eq!(again.identity(), logins[0].identity());
    let second = again.token.as_ref().unwrap();
    assert_ne!(second.digest(), first.digest(), "the renewed token");
}

/// What a program outside autocommit, which is pyodbc's default, is told after its socket is lost; and the logins.
///
/// It has just committed. Driver 18 nevertheless has a transaction open: its commit begins the next one.
fn outside_autocommit(machine: &Machine, string: &str) -> (String, usize) {
    let mut host = HostProcess::start(
        machine,
        "
connection = pyodbc.connect(sys.argv[1])
connection.execute('SELECT 1').fetchval()
connection.commit()
# Driver 18 restores a connection only if that was idle for 5 ms.
time.sleep(0.1)
say('committed')
hear()
errors = []
for _ in range(2):
    try:
        connection.execute('SELECT 1')
    except pyodbc.Error as error:
        errors.append(error.args[0] + ' 3971' * ('(3971)' in error.args[1]))
say(*errors)
",
        &[string],
    );
    host.read_line();
    machine.playground.sql_server.drop_connections();
    host.write_line("go on");
    let said = host.read_line();
    (said, machine.playground.sql_server.logins().len())
}

/// Driver 18's recovery restores the session, which has no transaction, and goes on naming the lost one, with the bare
/// driver as with ours (<https://github.com/mkleehammer/pyodbc/issues/736>).
#[test]
fn outside_autocommit_the_drivers_recovery_leaves_a_connection_that_only_fails() {
    let machine = Machine::new();
    for (number, string) in [machine.bare_string(&sql_login()), machine.string(MSI)]
        .iter()
        .enumerate()
    {
        let (said, logins) = outside_autocommit(&machine, string);
        assert_eq!(said, "42000 3971 42000 3971", "{string}");
        assert_eq!(logins, 2 * (number + 1), "restored");
    }
}

#[test]
fn outside_autocommit_and_without_the_drivers_recovery_the_loss_is_told_as_what_it_is() {
    let machine = Machine::new();
    let string = machine.string(&format!("{MSI}ConnectRetryCount=0;"));
    assert_eq!(
        outside_autocommit(&machine, &string),
        ("08S01 08S01".to_owned(), 1)
    );
}

#[test]
fn one_of_two_connections_that_is_closed_leaves_the_other_one_renewed() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = HostProcess::start(
        &machine,
        "
pyodbc.pooling = False
open_one, closed_one = (pyodbc.connect(sys.argv[1], autocommit=True) for _ in range(2))
closed_one.close()
say('closed')
hear()
say(open_one.execute('SELECT 1').fetchval())
",
        &[&machine.string(MSI)],
    );
    host.read_line();
    machine.playground.managed_identity.record().wait_for(3);
    machine.playground.sql_server.drop_connections();
    host.write_line("go on");
    assert_eq!(host.read_line(), "1");
    let logins = machine.playground.sql_server.logins();
    assert_eq!(logins.len(), 3);
    assert!(logins[2].reconnect && logins[2].token != logins[0].token);
}

#[test]
fn while_a_renewal_hangs_connects_take_the_living_token_and_wait_for_nobody() {
    let machine = Machine::with_short_lived_tokens();
    machine.playground.set_token_lifetime(Duration::from_secs(15));
    let gate = Gate::new();
    let mut host = HostProcess::start(
        &machine,
        "
for _ in range(2):
    pyodbc.pooling = False
    pyodbc.connect(sys.argv[1]).close()
    say('connected')
    hear()
times = []
for _ in range(20):
    start = time.perf_counter()
    pyodbc.connect(sys.argv[1]).close()
    times.append(time.perf_counter() - start)
say(max(times))
",
        &[&machine.string(MSI)],
    );
    host.read_line();
    let msi = &machine.playground.managed_identity;
    msi.inject_on("", Times::UntilCleared, Fault::HangBefore(gate.clone()));
    host.write_line("go on");
    host.read_line();
    // Due at two thirds of 15 s.
    msi.record().wait_for(2);
    host.write_line("go on");
    let slowest: f64 = host.read_line().parse().unwrap();
    assert!(slowest < 1.0, "{slowest} s");
    assert_eq!(machine.managed_identity_requests(), 2);
    gate.open();
}

#[test]
fn a_renewal_that_fails_is_tried_again_and_the_living_token_stays_in_use() {
    let machine = Machine::with_short_lived_tokens();
    machine.playground.set_token_lifetime(Duration::from_secs(15));
    let mut host = HostProcess::start(
        &machine,
        "
pyodbc.pooling = False
connection = pyodbc.connect(sys.argv[1], autocommit=True)
say('connected')
hear()
pyodbc.connect(sys.argv[1]).close()
say('connected')
hear()
say(connection.execute('SELECT 1').fetchval())
",
        &[&machine.string(MSI)],
    );
    host.read_line();
    let msi = &machine.playground.managed_identity;
    msi.inject_on("", Times::UntilCleared, Fault::status(400));
    msi.record().wait_for(2);
    host.write_line("go on");
    assert_eq!(host.read_line(), "connected");
    msi.record().wait_for(3);
    msi.faults().clear();
    let failed = machine.managed_identity_requests();
    msi.record().wait_for(failed + 2);
    machine.playground.sql_server.drop_connections();
    host.write_line("go on");
    assert_eq!(host.read_line(), "1");
}

#[test]
fn a_refusal_is_remembered_so_that_a_storm_of_connects_is_no_storm_of_requests() {
    let machine = Machine::new();
    let wrong = payroll().replace(&braced(PAYROLL_SECRET), "wrong");
    let output = machine.python(
        "
import pyodbc, sys, threading
errors = []
def connect():
    for _ in range(5):
        try:
            pyodbc.connect(sys.argv[1])
        except pyodbc.Error as error:
            errors.append(str(error))
threads = [threading.Thread(target=connect) for _ in range(20)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(errors), len(set(errors)), errors[0])
",
        &[&machine.string(&wrong)],
    );
    let said = finished(&output, "python");
    let requests = machine.playground.entra.token_requests().len();
    assert!(
        (1..=3).contains(&requests),
        "{requests} requests for 100 connects"
    );
    // Each refusal has a trace id of its own: on a slow machine the storm outlasts the first one's memory.
    let expected = format!("100 {requests} ");
    assert!(said.starts_with(&expected) && said.contains("28000"), "{said}");
}

#[test]
fn two_hundred_threads_make_one_request() {
    let machine = Machine::new();
    let output = machine.python(
        "
import pyodbc, sys, threading
pyodbc.pooling = False
barrier = threading.Barrier(200)
names = []
def connect():
    barrier.wait()
    names.append(pyodbc.connect(sys.argv[1]).execute('SELECT SUSER_SNAME()').fetchval())
threads = [threading.Thread(target=connect) for _ in range(200)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(names), len(set(names)))
",
        &[&machine.string(MSI)],
    );
    assert_eq!(finished(&output, "python"), "200 1");
    assert_eq!(machine.managed_identity_requests(), 1);
}

/// Connects, closes, waits for a word, connects again: through unixODBC's pool.
fn pooled(rest: &str) -> usize {
    let machine = Machine::with_short_lived_tokens();
    machine.pool();
    let mut host = HostProcess::start(
        &machine,
        "
for _ in range(2):
    connection = pyodbc.connect(sys.argv[1])
    say(connection.execute('SELECT 1').fetchval())
    connection.close()
    hear()
",
        &[&machine.string(&format!("{MSI}{rest}"))],
    );
    host.read_line();
    let start = Instant::now();
    machine.playground.managed_identity.record().wait_for(3);
    assert!(
        start.elapsed() > Duration::from_secs(5),
        "the first token has ended"
    );
    host.write_line("go on");
    host.read_line();
    machine.playground.sql_server.logins().len()
}

#[test]
fn a_pool_opens_a_new_connection_once_the_token_of_the_login_has_ended() {
    assert_eq!(pooled(""), 2);
}

#[test]
fn a_pool_goes_on_with_a_connection_whose_string_says_so() {
    assert_eq!(pooled("TokenExpiryIsDead=no;"), 1);
}
