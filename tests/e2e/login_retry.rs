//! Refusals that pass by themselves: the login is made again within the login timeout.

use standins::sql_server::{Fault, Outcome, SqlError};
use test_support::{connection_string::payroll, drivers::real_driver, machine::Machine};

use crate::script_host::ScriptHost as _;

/// The next logins are refused as by a database that wakes up.
fn refuse(machine: &Machine, times: usize) {
    let error = SqlError::new(
        40_613,
        "Database 'payroll' on server 'contoso' is not currently available. Please retry the connection later.",
    );
    for _ in 0..times {
        machine
            .playground
            .sql_server
            .inject(Fault::RefuseLogin(error.clone()));
    }
}

fn logins(machine: &Machine) -> usize {
    machine.playground.sql_server.take_logins().len()
}

#[test]
fn a_database_that_wakes_up_is_connected_to_and_each_try_is_in_the_log() {
    let machine = Machine::new();
    let log = machine.path("log");
    let machine = machine
        .with("ENTRA_ODBC_LOG", "info")
        .with("ENTRA_ODBC_LOG_FILE", log.to_str().unwrap());
    refuse(&machine, 2);
    let string = machine.string(&format!("{};ConnectRetryInterval=1", payroll()));
    machine.script(&["attr:103=15", &format!("connect:{string}"), "query:SELECT 1"]);
    let logins = machine.playground.sql_server.take_logins();
    let refused = |login: &&standins::sql_server::Login| matches!(login.outcome, Outcome::Refused(_));
    assert_eq!((logins.len(), logins.iter().filter(refused).count()), (3, 2));
    let log = machine.read("log");
    let postponed: Vec<_> = log
        .lines()
        .filter(|line| line.contains("login_postponed"))
        .collect();
    assert_eq!(postponed.len(), 2, "{log}");
    for line in postponed {
        assert!(line.contains("40613") && line.contains("pause_ms="), "{line}");
    }
    // The token was requested once.
    assert_eq!(machine.playground.entra.record().take_requests().len(), 1);
}

#[test]
fn the_number_of_tries_is_the_strings_and_is_told() {
    let machine = Machine::new();
    for (keywords, tries) in [
        ("ConnectRetryCount=1;ConnectRetryInterval=1", 2),
        ("ConnectRetryCount=0", 1),
        // No pause of that length fits.
        ("ConnectRetryInterval=60", 1),
    ] {
        refuse(&machine, 3);
        let string = machine.string(&format!("{};{keywords}", payroll()));
        let output = machine.script(&["attr:103=15", &format!("!connect:{string}")]);
        let record = output
            .lines()
            .find(|line| line.contains("[entra-odbc]"))
            .expect(&output);
        assert!(record.starts_with("42000 40613 "), "{record}");
        assert!(record.contains("login timeout of 60 s"), "{record}");
        assert_eq!(record.contains("(tried 2 times)"), tries == 2, "{record}");
        assert_eq!(logins(&machine), tries, "{keywords}");
        machine.playground.sql_server.clear_faults();
    }
}

#[test]
fn the_driver_itself_makes_no_second_login_whatever_the_string_says() {
    let machine = Machine::new();
    refuse(&machine, 2);
    let string = machine.string("UID=sa;PWD=x;ConnectRetryCount=3;ConnectRetryInterval=1");
    let driver = real_driver();
    let library = driver.to_str().unwrap();
    let output = machine.script(&["--library", library, "attr:103=15", &format!("!connect:{string}")]);
    assert!(output.contains("40613"), "{output}");
    assert_eq!(logins(&machine), 1);
}
