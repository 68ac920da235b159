//! SQLAlchemy's QueuePool, which keeps connections for longer than their tokens live.

use test_support::{
    connection_string::MSI, host_process::HostProcess, login_name::system_assigned, machine::Machine,
    process::finished, registration::DRIVER,
};

use crate::token_lifetime::{assert_restored, wait_for_expiry, wait_for_renewal_and_expiry};

/// Queries through an engine with these arguments, and once more at each word.
fn engine(machine: &Machine, arguments: &str, rest: &str) -> HostProcess {
    let url = format!(
        "mssql+pyodbc://@localhost:{}/master?driver={}&{}",
        machine.playground.sql_server.port(),
        DRIVER.replace(' ', "+"),
        format!("{MSI}{rest}").trim_end_matches(';').replace(';', "&"),
    );
    HostProcess::start(
        machine,
        &format!(
            "
import sqlalchemy
engine = sqlalchemy.create_engine(sys.argv[1], pool_size=1, max_overflow=0, {arguments})
while True:
    try:
        with engine.connect() as connection:
            name = connection.execute(sqlalchemy.text('SELECT SUSER_SNAME()')).scalar()
        say(name)
    except sqlalchemy.exc.DBAPIError as error:
        say(type(error).__name__, error.orig.args[0], error.connection_invalidated)
    if hear() == 'end': break
"
        ),
        &[&url],
    )
}

#[test]
fn a_pooled_connection_outlives_its_token_and_its_socket() {
    for arguments in ["", "pool_pre_ping=True"].map(|ping| format!("isolation_level='AUTOCOMMIT', {ping}")) {
        let machine = Machine::with_short_lived_tokens();
        let mut host = engine(&machine, &arguments, "");
        assert_eq!(host.read_line(), system_assigned(&machine));
        wait_for_renewal_and_expiry(&machine, 1);
        machine.playground.sql_server.drop_connections();
        host.write_line("again");
        assert_eq!(host.read_line(), system_assigned(&machine), "{arguments}");
        assert_restored(&machine, 1, 1);
    }
}

/// Driver 18 restores the session and goes on naming the transaction that was lost; see `renewal` in `tests/e2e`.
#[test]
fn outside_autocommit_the_drivers_own_recovery_spoils_a_pooled_connection() {
    for arguments in ["", "pool_pre_ping=True"] {
        let machine = Machine::with_short_lived_tokens();
        let mut host = engine(&machine, arguments, "");
        host.read_line();
        wait_for_renewal_and_expiry(&machine, 1);
        machine.playground.sql_server.drop_connections();
        host.write_line("again");
        let said = host.read_line();
        assert!(
            said.starts_with("ProgrammingError ") && said.ends_with(" False"),
            "{said}"
        );
    }
}

#[test]
fn without_the_drivers_own_recovery_a_ping_opens_a_new_connection_in_time() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = engine(&machine, "pool_pre_ping=True", "ConnectRetryCount=0");
    host.read_line();
    wait_for_renewal_and_expiry(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    let logins = machine.accepted_logins();
    assert_eq!(logins.len(), 2);
    assert!(!logins[1].reconnect, "{:#?}", logins[1]);
}

#[test]
fn without_ping_and_recovery_one_query_fails_and_the_next_succeeds() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = engine(&machine, "", "ConnectRetryCount=0");
    host.read_line();
    wait_for_renewal_and_expiry(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), "OperationalError 08S01 True");
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
}

#[test]
fn recycled_connections_cost_no_token_request_of_their_own() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = engine(&machine, "pool_recycle=0", "");
    host.read_line();
    let before = machine.accepted_logins().len();
    for _ in 0..5 {
        host.write_line("again");
        host.read_line();
    }
    assert_eq!(machine.accepted_logins().len(), before + 5);
    assert_eq!(machine.managed_identity_requests(), 1);
}

/// What the service itself may do at any time (error 37396) is left to it: a session is not ended by us.
#[test]
fn a_connection_whose_socket_holds_is_used_past_its_token_without_another_login() {
    let machine = Machine::with_short_lived_tokens();
    let mut host = engine(&machine, "pool_pre_ping=True", "");
    host.read_line();
    wait_for_expiry(&machine);
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_eq!(machine.accepted_logins().len(), 1);
}

#[test]
fn a_forked_child_that_disposes_of_the_engine_leaves_the_parent_its_connections() {
    let machine = Machine::new();
    let program = "
import os, sqlalchemy, sys
engine = sqlalchemy.create_engine('mssql+pyodbc:///?odbc_connect=' + sys.argv[1])
def who():
    with engine.connect() as connection:
        return connection.execute(sqlalchemy.text('SELECT SUSER_SNAME()')).scalar()
who()
if not os.fork():
    engine.dispose(close=False)
    print(who(), flush=True)
    os._exit(0)
assert os.wait()[1] == 0
print(who())
";
    let output = machine.python(program, &[&machine.string(MSI)]);
    let who = system_assigned(&machine);
    assert_eq!(finished(&output, "python"), format!("{who}\n{who}"));
    assert_eq!(machine.accepted_logins().len(), 2);
    assert_eq!(machine.managed_identity_requests(), 1);
}
