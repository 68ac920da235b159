//! Node.js with the package odbc.
//!
//! Node.js from nodejs.org or NodeSource carries an OpenSSL of its own, and dies in Driver 18 alone: see
//! `src/odbc/target_driver/openssl.rs`. Debian's shares the system's.

use std::process::Command;

use test_support::{
    connection_string::{MSI, payroll},
    host_process::HostProcess,
    login_name::system_assigned,
    machine::Machine,
    process::finished,
    workspace::root,
};

use crate::token_lifetime::{assert_restored, wait_for_renewal_and_expiry};

fn node(machine: &Machine, program: &str, string: &str) -> Command {
    let packages = root().join(".node-hosts/node_modules");
    let mut command = machine.command("node");
    command.env("NODE_PATH", packages).args([
        "-e",
        &format!("const odbc = require('odbc');{PRELUDE}{program}"),
        string,
    ]);
    command
}

const PRELUDE: &str = "
const string = process.argv[1];
const who = async (connection) => (await connection.query('SELECT SUSER_SNAME() AS who'))[0].who;
";

#[test]
fn a_connection_by_a_string_alone() {
    let machine = Machine::new();
    let program = "
(async () => {
    const connection = await odbc.connect(string);
    console.log(await who(connection));
    await connection.close();
})();
";
    let output = node(&machine, program, &machine.string(MSI)).output().unwrap();
    assert_eq!(finished(&output, "node"), system_assigned(&machine));
    assert_eq!(machine.managed_identity_requests(), 1);
}

/// All at once, on the threads that Node.js has for that.
#[test]
fn a_pool_of_ten_costs_one_request() {
    let machine = Machine::new();
    let program = "
(async () => {
    const pool = await odbc.pool({ connectionString: string, initialSize: 10, maxSize: 10 });
    const answers = await Promise.all([...Array(30)].map(() => who(pool)));
    console.log([...new Set(answers)].join());
    await pool.close();
})();
";
    let output = node(&machine, program, &machine.string(MSI)).output().unwrap();
    assert_eq!(finished(&output, "node"), system_assigned(&machine));
    assert!(machine.accepted_logins().len() >= 10);
    assert_eq!(machine.managed_identity_requests(), 1);
}

#[test]
fn a_connection_outlives_its_token_and_its_socket() {
    let machine = Machine::with_short_lived_tokens();
    let program = "
(async () => {
    const connection = await odbc.connect(string);
    console.log(await who(connection));
    for await (const _ of require('readline').createInterface(process.stdin)) {
        console.log(await who(connection));
    }
})();
";
    let mut host = HostProcess::spawn(node(&machine, program, &machine.string(MSI)));
    assert_eq!(host.read_line(), system_assigned(&machine));
    wait_for_renewal_and_expiry(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_restored(&machine, 1, 1);
}

#[test]
fn a_refused_sign_in_is_told_as_it_is() {
    let machine = Machine::new();
    let program = "
odbc.connect(string).then(
    () => console.log('connected'),
    (error) => console.log(error.odbcErrors[0].state, error.odbcErrors[0].code, error.odbcErrors[0].message),
);
";
    let string = machine.string(&payroll().replace("roll;", "wrong"));
    let output = node(&machine, program, &string).output().unwrap();
    let told = finished(&output, "node");
    assert!(
        told.starts_with("28000 7000215 ") && told.contains("the client secret is wrong"),
        "{told}"
    );
}
