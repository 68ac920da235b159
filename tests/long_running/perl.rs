//! Perl with DBD::ODBC.

use test_support::{
    connection_string::MSI, host_process::HostProcess, login_name::system_assigned, machine::Machine,
    process::finished,
};

use crate::token_lifetime::{assert_restored, wait_for_renewal_and_expiry};

#[test]
fn dbi_connects_by_a_string_alone() {
    let machine = Machine::new();
    let output = machine
        .command("perl")
        .args([
            "-MDBI",
            "-e",
            "print DBI->connect(\"dbi:ODBC:$ARGV[0]\", undef, undef, {RaiseError => 1})
                ->selectrow_array('SELECT SUSER_SNAME()')",
            &machine.string(MSI),
        ])
        .output()
        .unwrap();
    assert_eq!(finished(&output, "perl"), system_assigned(&machine));
    assert_eq!(machine.managed_identity_requests(), 1);
}

/// `connect_cached` pings what it has kept before it gives it out, as Apache::DBI does.
#[test]
fn a_cached_connection_outlives_its_token_and_its_socket() {
    let machine = Machine::with_short_lived_tokens();
    let mut command = machine.command("perl");
    command.args([
        "-MDBI",
        "-e",
        "
$| = 1;
while (1) {
    my $connection = DBI->connect_cached(\"dbi:ODBC:$ARGV[0]\", undef, undef, {RaiseError => 1});
    print $connection->selectrow_array('SELECT SUSER_SNAME()'), \"\\n\";
    <STDIN>;
}
",
        &machine.string(MSI),
    ]);
    let mut host = HostProcess::spawn(command);
    assert_eq!(host.read_line(), system_assigned(&machine));
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_eq!(machine.accepted_logins().len(), 1, "cached");
    wait_for_renewal_and_expiry(&machine, 1);
    machine.playground.sql_server.drop_connections();
    host.write_line("again");
    assert_eq!(host.read_line(), system_assigned(&machine));
    assert_restored(&machine, 1, 1);
}
