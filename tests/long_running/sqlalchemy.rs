//! SQLAlchemy's QueuePool, which keeps connections for longer than their tokens live.

use crate::{
    expiry::{assert_restored, outlive, outlive_renewed, short_lived},
    machine::{DRIVER, Machine, finished},
    talk::Talk,
    who::{MSI, identity, logins, requests},
};

/// Queries through an engine with these arguments, and once more at each word.
fn engine(machine: &Machine, arguments: &str, rest: &str) -> Talk {
    let url = format!(
        "mssql+pyodbc://@localhost:{}/master?driver={}&{}",
        machine.playground.sql_server.port(),
        DRIVER.replace(' ', "+"),
        format!("{MSI}{rest}").trim_end_matches(';').replace(';', "&"),
    );
    Talk::start(
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
        let machine = short_lived();
        let mut host = engine(&machine, &arguments, "");
        assert_eq!(host.hear(), identity(&machine));
        outlive_renewed(&machine, 1);
        machine.playground.sql_server.drop_connections();
        host.say("again");
        assert_eq!(host.hear(), identity(&machine), "{arguments}");
        assert_restored(&machine, 1, 1);
    }
}

/// Driver 18 restores the session and goes on naming the transaction that was lost; see `renewal` in `tests/e2e`.
#[test]
fn outside_autocommit_the_drivers_own_recovery_spoils_a_pooled_connection() {
    for arguments in ["", "pool_pre_ping=True"] {
        let machine = short_lived();
        let mut host = engine(&machine, arguments, "");
        host.hear();
        outlive_renewed(&machine, 1);
        machine.playground.sql_server.drop_connections();
        host.say("again");
        let said = host.hear();
        assert!(
            said.starts_with("ProgrammingError ") && said.ends_with(" False"),
            "{said}"
        );
    }
}

#[test]
fn without_the_drivers_own_recovery_a_ping_opens_a_new_connection_in_time() {
    let machine = short_lived();
    let mut host = engine(&machine, "pool_pre_ping=True", "ConnectRetryCount=0");
    host.hear();
    outlive_renewed(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.say("again");
    assert_eq!(host.hear(), identity(&machine));
    let logins = logins(&machine);
    assert_eq!(logins.len(), 2);
    assert!(!logins[1].reconnect, "{:#?}", logins[1]);
}

#[test]
fn without_ping_and_recovery_one_query_fails_and_the_next_succeeds() {
    let machine = short_lived();
    let mut host = engine(&machine, "", "ConnectRetryCount=0");
    host.hear();
    outlive_renewed(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.say("again");
    assert_eq!(host.hear(), "OperationalError 08S01 True");
    host.say("again");
    assert_eq!(host.hear(), identity(&machine));
}

#[test]
fn recycled_connections_cost_no_token_request_of_their_own() {
    let machine = short_lived();
    let mut host = engine(&machine, "pool_recycle=0", "");
    host.hear();
    let before = logins(&machine).len();
    for _ in 0..5 {
        host.say("again");
        host.hear();
    }
    assert_eq!(logins(&machine).len(), before + 5);
    assert_eq!(requests(&machine), 1);
}

/// What the service itself may do at any time (error 37396) is left to it: a session is not ended by us.
#[test]
fn a_connection_whose_socket_holds_is_used_past_its_token_without_another_login() {
    let machine = short_lived();
    let mut host = engine(&machine, "pool_pre_ping=True", "");
    host.hear();
    outlive(&machine);
    host.say("again");
    assert_eq!(host.hear(), identity(&machine));
    assert_eq!(logins(&machine).len(), 1);
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
    let who = identity(&machine);
    assert_eq!(finished(&output, "python"), format!("{who}\n{who}"));
    assert_eq!(logins(&machine).len(), 2);
    assert_eq!(requests(&machine), 1);
}
